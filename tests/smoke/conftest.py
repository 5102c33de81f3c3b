"""The sample data, registered once in each framework for all smoke tests."""

from __future__ import annotations

import shutil

import pytest
from helpers import SAMPLE
from smoke_data import Registered, Sample, register_here

from dataforge.verbs.convert import Job, convert


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """(kind, framework) -> sample_data/labelme as COCO, or sample_data/humanparts as it is."""
    made: dict[tuple[str, str], Registered] = {}

    def get(kind: str, framework: str) -> Registered:
        if (kind, framework) not in made:
            folder = tmp_path_factory.mktemp(f"{kind}_{framework}")
            if kind == "voc":
                shutil.copytree(SAMPLE / "humanparts", folder / "data")
            else:
                job = Job(
                    source=str(SAMPLE / "labelme"),
                    out=str(folder / "data"),
                    reads="labelme",
                    writes="coco",
                    labels="face,person,hand",
                    split="train=0.8,val=0.2",
                    image_mode="copy",
                )
                convert(job)
            made[kind, framework] = register_here(
                f"Smoke{kind.title()}{framework.title()}",
                folder / "data",
                folder / "out",
                framework,
                layout="coco" if kind == "coco" else "humanparts",
            )
        return made[kind, framework]

    return get


@pytest.fixture(scope="session")
def coco_parts(sample: Sample) -> Registered:
    """The COCO sample in mmdet 2: face, person, hand."""
    return sample("coco", "mmdet2")


@pytest.fixture(scope="session")
def voc_parts(sample: Sample) -> Registered:
    """The VOC sample in mmdet 2."""
    return sample("voc", "mmdet2")
