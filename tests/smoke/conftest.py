"""The sample data, registered once for all smoke tests."""

from __future__ import annotations

import shutil

import pytest
from helpers import SAMPLE
from smoke_data import Registered, register_here

from dataforge.convert import Job, convert


@pytest.fixture(scope="session")
def coco_parts(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """sample_data/labelme as COCO: face, person, hand."""
    folder = tmp_path_factory.mktemp("coco_parts")
    job = Job(
        source=str(SAMPLE / "labelme"),
        out=str(folder / "data"),
        reads="labelme",
        writes="coco",
        labels="face,person,hand",
        split="train=0.8,val=0.2",
        images="copy",
    )
    convert(job)
    return register_here("SmokeCocoParts", folder / "data", folder / "out", layout="coco")


@pytest.fixture(scope="session")
def voc_parts(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """sample_data/humanparts."""
    folder = tmp_path_factory.mktemp("voc_parts")
    shutil.copytree(SAMPLE / "humanparts", folder / "data")
    return register_here("SmokeVocParts", folder / "data", folder / "out", layout="humanparts")
