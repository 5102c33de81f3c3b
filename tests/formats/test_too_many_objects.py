"""An image with more objects than any image has is refused with a finding, and the rest is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as PILImage

from dataforge.verbs.convert import Job, convert

MANY = 50_001


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.new("L", (64, 48)).save(path)


def coco(folder: Path, number: int) -> None:
    boxes = [
        {"id": at, "image_id": 1 + (at > 0), "category_id": 1, "bbox": [1, 1, 5, 5]}
        for at in range(1 + number)
    ]
    images = [{"id": at, "file_name": f"{at}.png", "width": 64, "height": 48} for at in (1, 2)]
    (folder / "a.json").write_text(json.dumps(
        {"images": images, "categories": [{"id": 1, "name": "cat"}], "annotations": boxes}
    ))  # fmt: skip
    for at in (1, 2):
        picture(folder / f"{at}.png")


def labelme(folder: Path, number: int) -> None:
    shape = {"label": "cat", "points": [[1, 1], [6, 6]], "shape_type": "rectangle"}
    for at, count in ((1, 1), (2, number)):
        picture(folder / f"{at}.png")
        (folder / f"{at}.json").write_text(json.dumps(
            {"shapes": [shape] * count, "imagePath": f"{at}.png", "imageWidth": 64,
             "imageHeight": 48}
        ))  # fmt: skip


def voc(folder: Path, number: int) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>6</xmax><ymax>6</ymax></bndbox>"
    item = f"<object><name>cat</name>{box}</object>"
    for at, count in ((1, 1), (2, number)):
        picture(folder / f"{at}.png")
        size = "<size><width>64</width><height>48</height></size>"
        (folder / f"{at}.xml").write_text(f"<annotation>{size}{item * count}</annotation>")


def yolo(folder: Path, number: int) -> None:
    (folder / "data.yaml").write_text("train: images\nnames: [cat]\n")
    (folder / "labels").mkdir()
    for at, count in ((1, 1), (2, number)):
        picture(folder / "images" / f"{at}.png")
        (folder / "labels" / f"{at}.txt").write_text("0 0.5 0.5 0.1 0.1\n" * count)


@pytest.mark.parametrize("make", [coco, labelme, voc, yolo])
def test_image_with_too_many_objects_is_refused(
    make: Callable[[Path, int], None], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    make(tmp_path / "in", MANY)
    writes = "voc" if make is coco else "coco"
    job = Job(
        source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads=make.__name__, writes=writes
    )
    report = convert(job)
    assert report.shapes == 1
    assert report.lost == {"too-many-objects": MANY}
