"""A dataset that training cannot read is converted beside the output, and that is registered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import picture, snapshot, write
from register.datasets import Cli

CAR = "Car 0.00 0 -1.58 5 10 35 40 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n"


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    """Five images of KITTI."""
    for number in range(5):
        write(tmp_path / f"in/training/label_2/{number:06}.txt", CAR)
        picture(tmp_path / f"in/training/image_2/{number:06}.png")
    return tmp_path / "in"


def test_it_is_converted_and_registered(cli: Cli, kitti: Path) -> None:
    before = snapshot(kitti)
    words = ("register", "Kit", "--root", kitti, "--framework", "torchvision")
    code, out, errors = cli(*words, "--split", "train=80,val=20")
    assert (code, errors) == (0, "")
    target = Path.cwd() / "kit_registered_coco"
    assert f"kitti: 5 images converted to {target}, which is registered" in out
    assert f"Kit: coco in {target}" in out
    file = json.loads((target / "annotations" / "instances_train.json").read_text())
    assert (len(file["images"]), file["annotations"][0]["bbox"]) == (4, [5, 10, 30, 30])
    assert (Path.cwd() / "kit_registered" / "configs" / "torchvision").is_dir()
    assert snapshot(kitti) == before
    # What was converted is not overwritten unasked.
    code, _, errors = cli(*words)
    assert code == 3
    assert "already exists; use --force to overwrite" in errors
    assert cli(*words, "--split", "train=80,val=20", "--force")[0] == 0


def test_a_dry_run_writes_nothing_and_says_how(cli: Cli, kitti: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    code, _, errors = cli("register", "Kit", "--root", kitti, "--dry-run")
    assert code == 2
    target = Path.cwd() / "kit_registered_coco"
    assert f"dataforge convert kitti2coco {kitti} {target} --image-mode copy" in errors
    assert snapshot(tmp_path) == before


def test_what_cannot_be_registered_leaves_no_conversion(cli: Cli, kitti: Path) -> None:
    words = ("register", "Kit", "--root", kitti, "--framework", "torchvision")
    code, _, errors = cli(*words, "--labels", "boat")
    assert code == 3, errors
    assert not (Path.cwd() / "kit_registered_coco").exists()
