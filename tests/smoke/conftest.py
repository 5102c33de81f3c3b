"""The sample data, registered once for all smoke tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import SAMPLE
from smoke_data import Registered

from dataforge import register
from dataforge.convert import Job, convert


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Registrations go to a folder of the tests' own, and off the path at the end."""
    folder = tmp_path_factory.mktemp("site")
    path = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register, "site_folders", lambda python=None: [folder])
        yield
    sys.path[:] = path


def _register(name: str, root: Path, out: Path, **request: Any) -> Registered:
    plan = register.plan(register.Request(name=name, root=str(root), out=str(out), **request))
    register.apply(plan)
    return Registered(root, plan.out / plan.config)


@pytest.fixture(scope="session")
def coco_parts(_site: None, tmp_path_factory: pytest.TempPathFactory) -> Registered:
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
    return _register("SmokeCocoParts", folder / "data", folder / "out", layout="coco")


@pytest.fixture(scope="session")
def voc_parts(_site: None, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """sample_data/humanparts."""
    folder = tmp_path_factory.mktemp("voc_parts")
    shutil.copytree(SAMPLE / "humanparts", folder / "data")
    return _register("SmokeVocParts", folder / "data", folder / "out", layout="humanparts")
