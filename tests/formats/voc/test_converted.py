"""Conversions to Pascal VOC, and what other readers make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import REAL, picture, read_voc, write

from dataforge.datasets import find_layout
from dataforge.errors import UsageError
from dataforge.io import Root
from dataforge.jobs import Job
from dataforge.verbs.convert import convert


def test_coords_go_to_the_side_that_is_voc(tmp_path: Path) -> None:
    write(tmp_path / "in" / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5\n")
    write(tmp_path / "in" / "classes.txt", "cat\n")
    picture(tmp_path / "in" / "images" / "a.jpg", (64, 48))
    options: dict[str, Any] = {"source": str(tmp_path / "in"), "reads": "yolo", "writes": "voc"}
    out = tmp_path / "out"
    convert(Job(out=str(out), write_options={"coords": "zero"}, **options))
    assert "<xmin>16</xmin>" in (out / "Annotations/a.xml").read_text()  # 64 * (0.5 - 0.25)
    assert (out / "JPEGImages" / "a.jpg").exists()
    with pytest.raises(UsageError, match="coords"):
        convert(Job(out=str(out), write_options={"coords": "one"}, **options))


@pytest.mark.skipif(not REAL.exists(), reason="real data are not here")
def test_torchvision_reads_the_same_objects(tmp_path: Path) -> None:
    """torchvision's VOCDetection looks for VOCdevkit/VOC2012/ with ImageSets/Main."""
    datasets = pytest.importorskip("torchvision.datasets")
    source = Root(REAL / "bccd" / "BCCD")
    layout = find_layout("custom-voc", "", source).layout
    ours = read_voc(REAL / "bccd" / "BCCD", layout)
    out = tmp_path / "VOCdevkit" / "VOC2012"
    convert(
        Job(source=source.location, out=str(out), reads="voc", writes="voc", image_mode="symlink")
    )
    boxes: dict[str, list[tuple[str, ...]]] = {}
    for split in ("train", "val", "test"):
        # It knows three splits and checks them; test.txt is read as a list all the same.
        listed = out / "ImageSets/Main" / f"{split}.txt"
        if split == "test":
            (out / "ImageSets/Main/trainval.txt").write_text(listed.read_text())
        dataset = datasets.VOCDetection(
            str(tmp_path), "2012", "trainval" if split == "test" else split
        )
        for number in range(len(dataset)):
            annotation = dataset[number][1]["annotation"]
            boxes[annotation["filename"]] = [
                (entry["name"], *(entry["bndbox"][tag] for tag in ("xmin", "ymin", "xmax", "ymax")))
                for entry in annotation["object"]
            ]
    assert len(boxes) == 364
    assert sum(map(len, boxes.values())) == 4888
    for image in ours.images:
        name = image.file_name.removeprefix("JPEGImages/")
        assert boxes[name] == [
            (i.label, *(f"{value:g}" for value in (x0 + 1, y0 + 1, x1, y1)))
            for i in image.instances
            for x0, y0, x1, y1 in [i.box]
        ]
