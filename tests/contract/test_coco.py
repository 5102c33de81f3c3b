"""COCO keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from dataforge.findings import Clip, Drop, Place, Reorder, Set
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

# Columns of 48 pixels: the upper 3 of the first two columns, then nothing.
RUNS = {"size": [48, 64], "counts": [0, 3, 45, 3, 3021]}
COUNTS: str = coco_mask.frPyObjects(RUNS, 48, 64)["counts"].decode()

TRAIN: dict[str, Any] = {
    "info": {"year": 2024},
    "licenses": [],
    "images": [
        {"id": 7, "file_name": "a.jpg", "width": 64, "height": 48, "license": 1},
        {"id": 3, "file_name": "d e/ü.png", "width": 64, "height": 48},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 9, "bbox": [10, 12, 20.5, 28], "area": 574,
         "iscrowd": 0, "segmentation": []},
        {"id": 2, "image_id": 3, "category_id": 9, "bbox": [0, 0, 2, 3], "area": 6,
         "segmentation": RUNS},
        {"id": 3, "image_id": 7, "category_id": 2, "bbox": [10, 10, 20, 20], "area": 400,
         "iscrowd": 1, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]], "score": 0.5,
         "attributes": {"x": 1}},
    ],
    "categories": [{"id": 9, "name": "cat", "supercategory": "pet"}, {"id": 2, "name": "人"}],
}  # fmt: skip
VAL = TRAIN | {
    "images": [{"id": 1, "file_name": "empty.jpg", "width": 64, "height": 48}],
    "annotations": [],
}
TURNED = TRAIN["images"][1] | {"width": 48, "height": 64}
PATH = "annotations/instances_train.json"
FIRST, SECOND = Place(PATH, "$.annotations[0]"), Place(PATH, "$.annotations[1]")


def changed(**keys: Any) -> str:
    """The training file, with keys of its second annotation changed."""
    first, second, third = TRAIN["annotations"]
    return json.dumps(TRAIN | {"annotations": [first, second | keys, third]})


class TestCoco(FormatContract):
    format = "coco"
    header = Header(
        categories=(Category(name="cat", extra={"coco": {"supercategory": "pet"}}),
                    Category(name="人")),
        extra={"coco": {"info": {"year": 2024}}},
    )  # fmt: skip
    records = (
        Image(
            file_name="images/a.jpg", place=Place(PATH, "$.images[0]"), split="train",
            extra={"coco": {"license": 1}}, **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30.5, 40), area=574,
                         place=Place(PATH, "$.annotations[0]")),
                Instance(
                    label="人", box=(10, 10, 30, 30), area=400,
                    place=Place(PATH, "$.annotations[2]"),
                    iscrowd=True, attributes={"x": 1}, extra={"coco": {"score": 0.5}},
                    shape=Polygons(((10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0),)),
                ),
            ),
        ),
        Image(
            file_name="images/d e/ü.png", place=Place(PATH, "$.images[1]"),
            split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(0, 0, 2, 3), area=6,
                         place=Place(PATH, "$.annotations[1]"),
                         shape=Mask(size_hw=(48, 64), counts=COUNTS)),
            ),
        ),
        Image(
            file_name="images/empty.jpg",
            place=Place("annotations/instances_val.json", "$.images[0]"),
            split="val", **SIZE,
        ),
    )  # fmt: skip
    codes = ("image-folder", "image-folder")
    broken = (
        Broken(PATH, '{"images": [\n{"id": 1', "unreadable-json", "line 2, column 9",
               ("images/a.jpg", "images/d e/ü.png")),
        Broken(PATH, changed(bbox=[1, 2, "x", 4]), "bad-value", "$.annotations[1].bbox"),
        Broken(PATH, changed(category_id=5), "dangling-category-id",
               "$.annotations[1].category_id"),
        Broken(PATH, changed(image_id=5), "dangling-image-id", "$.annotations[1].image_id"),
        Broken(PATH, changed(segmentation={"size": [48, 64], "counts": [9]}), "bad-rle",
               "$.annotations[1].segmentation"),
        Broken(PATH, changed(segmentation=[[1, 2, 3]]), "bad-ring",
               "$.annotations[1].segmentation[0]"),
        Broken("annotations/more.json", b"\xff\xfe\x00", "unreadable-json", ""),
        Broken("captions.json", '{"info": {}}', "not-coco", ""),
    )  # fmt: skip

    edited = (
        Edited(FIRST, Set({"area": 5.5}), '"area": 574', '"area": 5.5'),
        Edited(FIRST, Set({"iscrowd": 1}), '"iscrowd": 0', '"iscrowd": 1'),
        Edited(FIRST, Set({"id": 9}), '[{"id": 1,', '[{"id": 9,'),
        Edited(SECOND, Drop(), f", {json.dumps(TRAIN['annotations'][1])}", ""),
        Edited(SECOND, Clip((64, 48), (50, 12, 70.5, 40)), "[50, 12, 20.5,", "[50, 12, 14,",
               changed(bbox=[50, 12, 20.5, 28])),
        Edited(SECOND, Reorder(), "[20, 12, -10, 28]", "[10, 12, 10, 28]",
               changed(bbox=[20, 12, -10, 28])),
        Edited(Place(PATH, "$.images[1]"), Set({"width": 64, "height": 48}),
               '"width": 48, "height": 64', '"width": 64, "height": 48',
               json.dumps(TRAIN | {"images": [TRAIN["images"][0], TURNED]})),
        Edited(Place(PATH, "$.categories[0]"), Set({"label": "dog"}), '"cat"', '"dog"'),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / PATH, TRAIN)
        write(folder / "annotations" / "instances_val.json", VAL)
        for name in ("a.jpg", "d e/ü.png", "empty.jpg"):
            picture(folder / "images" / name)

    def nothing(self, folder: Path) -> None:
        write(folder / PATH, TRAIN | {"images": [], "annotations": []})

    def one(self, folder: Path, name: str, label: str) -> str:
        file = {
            "images": [{"id": 1, "file_name": name, "width": 64, "height": 48}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "bbox": [8, 12, 16, 24], "area": 384,
                 "iscrowd": 0, "segmentation": []}
            ],
            "categories": [{"id": 1, "name": label}],
        }  # fmt: skip
        write(folder / "x.json", file)
        picture(folder / name)
        return name
