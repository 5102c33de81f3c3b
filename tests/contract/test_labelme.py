"""labelme keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers import document, mask_shape, shape
from pycocotools import mask as coco_mask

from dataforge.findings import Clip, Drop, Place, Set
from dataforge.records import Image, Instance, Mask, Polygons
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

TRIANGLE = [[1, 2], [9.5, 2], [1, 6]]  # 8.5 x 4 / 2 = 17
SHAPES: list[Any] = [
    shape("cat", TRIANGLE, flags={"f": True}, description="left"),
    shape("dog", [[30, 40], [10, 12]], "rectangle"),
    mask_shape("cat", ["###", "#.#"], 1, 0),
    shape("dog", [[0, 0], [4, 0], [4, 4]], group_id=1),
    shape("dog", [[10, 0], [14, 0], [14, 4]], group_id=1),
]
# Columns of 48: x = 1 rows 0 and 1, x = 2 row 0, x = 3 rows 0 and 1.
RUNS = {"size": [48, 64], "counts": [48, 2, 46, 1, 47, 2, 2926]}
COUNTS: str = coco_mask.frPyObjects(RUNS, 48, 64)["counts"].decode()


SECOND = Place("a.json", "$.shapes[1]")


def changed(**keys: Any) -> str:
    """a.json with keys of its second shape changed."""
    shapes = [SHAPES[0], SHAPES[1] | keys, *SHAPES[2:]]
    return json.dumps(document(*shapes, flags={"night": True}))


class TestLabelme(FormatContract):
    format = "labelme"
    records = (
        Image(
            file_name="a.jpg", place=Place("a.json"), attributes={"flags": {"night": True}}, **SIZE,
            instances=(
                Instance(
                    label="cat", box=(1, 2, 9.5, 6), area=17, place=Place("a.json", "$.shapes[0]"),
                    shape=Polygons(((1.0, 2.0, 9.5, 2.0, 1.0, 6.0),)),
                    attributes={"flags": {"f": True}, "description": "left"},
                ),
                Instance(
                    label="dog", box=(10, 12, 30, 40), area=560, place=SECOND,
                    shape=Polygons(((10.0, 12.0, 30.0, 12.0, 30.0, 40.0, 10.0, 40.0),)),
                ),
                Instance(
                    label="cat", box=(1, 0, 4, 2), area=5, place=Place("a.json", "$.shapes[2]"),
                    shape=Mask(size_hw=(48, 64), counts=COUNTS),
                ),
                Instance(
                    label="dog", box=(0, 0, 14, 4), area=16,
                    place=Place("a.json", "$.shapes[3]"), parts=2,
                    shape=Polygons(((0.0, 0.0, 4.0, 0.0, 4.0, 4.0),
                                    (10.0, 0.0, 14.0, 0.0, 14.0, 4.0))),
                    attributes={"group_id": 1},
                ),
            ),
        ),
        Image(file_name="d e/ü.png", place=Place("d e/ü.json"), **SIZE),
    )  # fmt: skip
    broken = (
        Broken("a.json", '{"shapes": [\n{"label"', "unreadable-json", "line 2, column 9",
               ("a.jpg",)),
        Broken("a.json", changed(points=[[1, 2], [3]]), "bad-shape", "$.shapes[1].points[1]"),
        Broken("a.json", changed(shape_type="blob"), "unknown-shape-type", "$.shapes[1]"),
        Broken("a.json", changed(shape_type="mask", mask="x"), "bad-mask", "$.shapes[1]"),
        Broken("a.json", changed(shape_type="point"), "skipped-point", "$.shapes[1]"),
        Broken("d e/ü.json", b"\xff\xfe\x00", "unreadable-json", "", ("d e/ü.png",)),
        Broken("other.json", "[1]", "not-labelme", ""),
        Broken("more.json", json.dumps(document(image="../x.jpg")), "path-leaves-root",
               "$.imagePath"),
    )  # fmt: skip

    edited = (
        Edited(SECOND, Set({"label": "人"}), '"dog", "points": [[30', '"人", "points": [[30'),
        Edited(SECOND, Drop(), f", {json.dumps(SHAPES[1])}", ""),
        Edited(SECOND, Clip((64, 48), (10, 12, 70, 40)), "[[70, 40]", "[[64, 40]",
               changed(points=[[70, 40], [10, 12]])),
        Edited(Place("a.json"), Set({"width": 64, "height": 48}),
               '"imageHeight": 64, "imageWidth": 48', '"imageHeight": 48, "imageWidth": 64',
               json.dumps(document(*SHAPES, imageWidth=48, imageHeight=64))),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / "a.json", document(*SHAPES, flags={"night": True}))
        write(folder / "d e" / "ü.json", document(image="ü.png"))
        picture(folder / "a.jpg")
        picture(folder / "d e" / "ü.png")

    def one(self, folder: Path, name: str, label: str) -> str:
        path = folder / name
        box = shape(label, [[8, 12], [24, 36]], "rectangle")
        write(path.with_name(f"{path.stem}.json"), document(box, image=path.name))
        picture(path)
        return name
