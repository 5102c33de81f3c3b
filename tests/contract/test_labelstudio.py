"""Label Studio keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from dataforge.findings import Place
from dataforge.formats.labelstudio.brush import encoded
from dataforge.records import Image, Instance, Mask, Polygons
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "train/export.json"
AT = "$[0].annotations[0].result"
# Columns of 48 pixels: the upper 3 of the first two columns, then nothing.
RUNS = {"size": [48, 64], "counts": [0, 3, 45, 3, 3021]}
MASK = Mask(size_hw=(48, 64), counts=coco_mask.frPyObjects(RUNS, 48, 64)["counts"].decode())


def result(label: Any, kind: str = "rectangle", /, **value: Any) -> dict[str, Any]:
    labels = {} if label is None else {f"{kind}labels": [label]}
    return {"type": f"{kind}labels", "from_name": "tag", "to_name": "image", "original_width": 64,
            "original_height": 48, "image_rotation": 0, "value": value | labels}  # fmt: skip


def task(name: str, *results: Any, **keys: Any) -> dict[str, Any]:
    annotation = {"id": 7, "was_cancelled": False, "result": [*results]}
    return {"id": 1, "data": {"image": name}, "predictions": [], "annotations": [annotation],
            **keys}  # fmt: skip


# Of 64 x 48: a quarter of each side from (16, 12), and a triangle (0, 0), (32, 0), (0, 24).
BOX = result("cat", x=25, y=25, width=25, height=25, rotation=0)
TRIANGLE = result("人", "polygon", points=[[0, 0], [50, 0], [0, 50]], closed=True)
BRUSH = result("cat", "brush", format="rle", rle=encoded(MASK))
TASKS = [
    task("/data/upload/1/1f2e3d4c-a%20b.jpg", BOX, TRIANGLE, BRUSH),
    task("d e/ü.png"),
]


def changed(**value: Any) -> str:
    """The file, with a further region."""
    more = {**BOX, "value": {**BOX["value"], **value}}
    return json.dumps([task("a b.jpg", BOX, TRIANGLE, BRUSH, more), TASKS[1]])


class TestLabelStudio(FormatContract):
    format = "labelstudio"
    records = (
        Image(
            file_name="train/a b.jpg", place=Place(FILE, "$[0]"), split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(16, 12, 32, 24), area=192,
                         place=Place(FILE, f"{AT}[0]")),
                Instance(
                    label="人", box=(0, 0, 32, 24), area=384, place=Place(FILE, f"{AT}[1]"),
                    shape=Polygons(((0.0, 0.0, 32.0, 0.0, 0.0, 24.0),)),
                ),
                Instance(label="cat", box=(0, 0, 2, 3), area=6, shape=MASK,
                         place=Place(FILE, f"{AT}[2]")),
            ),
        ),
        Image(file_name="train/d e/ü.png", place=Place(FILE, "$[1]"), split="train", **SIZE),
        Image(file_name="val/c.jpg", place=Place("val/x.json", "$[0]"), split="val", **SIZE),
    )  # fmt: skip
    broken = (
        Broken(FILE, '[{"id": 1,\n"data": {', "unreadable-json", "line 2, column 10",
               ("train/a b.jpg", "train/d e/ü.png")),
        Broken(FILE, changed(rectanglelabels=[]), "bad-entry", f"{AT}[3]"),
        Broken(FILE, changed(rectanglelabels=["cat", "dog"]), "bad-entry", f"{AT}[3]"),
        Broken(FILE, changed(x="left"), "bad-entry", f"{AT}[3]"),
        Broken(FILE, changed(width=1e30), "bad-entry", f"{AT}[3]"),
        Broken(FILE, json.dumps([*TASKS, task("gone.jpg")]), "image-missing", "$[2]"),
        Broken(FILE, json.dumps([*TASKS, 7]), "bad-entry", "$[2]"),
        Broken(FILE, json.dumps([*TASKS, task("a b.jpg", annotations=[])]), "task-not-annotated",
               "$[2]"),
        Broken("other.json", '{"info": {}}', "not-of-this-format", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, TASKS)
        write(folder / "val" / "x.json", [task("c.jpg")])
        for name in ("train/a b.jpg", "train/d e/ü.png", "val/c.jpg"):
            picture(folder / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "train" / "x.json", [])

    def one(self, folder: Path, name: str, label: str) -> str:
        box = result(label, x=12.5, y=25, width=25, height=50, rotation=0)
        write(folder / "x.json", [task(name, box)])
        picture(folder / name)
        return name
