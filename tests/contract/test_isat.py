"""ISAT keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Category, Header, Image, Instance, Polygons
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "train/a b.json"
TRIANGLE = [[1, 2], [9.5, 2], [1, 6]]
FAR = [[20, 10], [30, 10], [30, 15], [20, 15]]
YAML = """label:
- {color: '#000000', name: __background__}
- {color: '#ef2929', name: 人}
- {color: '#fcaf3e', name: cat}
"""


def entry(category: str, points: Any, group: Any = 1, layer: float = 1.0, **more: Any) -> Any:
    return {"category": category, "group": group, "segmentation": points, "area": 1.0,
            "layer": layer, "bbox": [0, 0, 1, 1], "iscrowd": False, "note": "", **more}  # fmt: skip


def document(name: str, *objects: Any, **info: Any) -> dict[str, Any]:
    told = {"description": "ISAT", "folder": "/home/x/train", "name": name, "width": 64,
            "height": 48, "depth": 3, "note": ""}  # fmt: skip
    return {"info": {**told, **info}, "objects": [*objects]}


def first(*more: Any) -> dict[str, Any]:
    cat = entry("cat", TRIANGLE, note="left"), entry("cat", FAR, note="right", layer=2.0)
    return document("a b.jpg", *cat, entry("人", FAR, 2, 3.0, iscrowd=True), *more, note="dark")


def changed(**keys: Any) -> str:
    return json.dumps(first({**entry("cat", TRIANGLE, 0), **keys}))


AT = "$.objects[3]"


class TestIsat(FormatContract):
    format = "isat"
    header = Header(
        categories=(
            Category(name="人", extra={"isat": {"color": "#ef2929"}}),
            Category(name="cat", extra={"isat": {"color": "#fcaf3e"}}),
        )
    )
    records = (
        Image(
            file_name="train/a b.jpg", place=Place(FILE), split="train", **SIZE,
            attributes={"note": "dark"},
            instances=(
                # 8.5 * 4 / 2 and 10 * 5
                Instance(
                    label="cat", box=(1, 2, 30, 15), area=67, parts=2,
                    shape=Polygons((
                        (1.0, 2.0, 9.5, 2.0, 1.0, 6.0),
                        (20.0, 10.0, 30.0, 10.0, 30.0, 15.0, 20.0, 15.0),
                    )),
                    place=Place(FILE, "$.objects[0]"),
                    attributes={"layer": 1.0, "note": "left; right"},
                ),
                Instance(
                    label="人", box=(20, 10, 30, 15), area=50, iscrowd=True,
                    shape=Polygons(((20.0, 10.0, 30.0, 10.0, 30.0, 15.0, 20.0, 15.0),)),
                    place=Place(FILE, "$.objects[2]"), attributes={"layer": 3.0},
                ),
            ),
        ),
        Image(file_name="train/d e/ü.png", place=Place("train/d e/ü.json"), split="train", **SIZE),
        Image(file_name="val/images/c.jpg", place=Place("val/labels/c.json"), split="val", **SIZE),
    )  # fmt: skip
    broken = (
        Broken(FILE, '{"info": {\n"description', "unreadable-json", "line 2, column 13",
               ("train/a b.jpg",)),
        Broken(FILE, changed(category=" "), "bad-entry", AT),
        Broken(FILE, changed(category=None), "bad-entry", AT),
        Broken(FILE, changed(segmentation=[[1, 2], [3, 4]]), "bad-entry", AT),
        Broken(FILE, changed(segmentation=[[1, 2], [3, 4], [5]]), "bad-entry", AT),
        Broken(FILE, changed(segmentation="x"), "bad-entry", AT),
        Broken(FILE, changed(segmentation=[[1, 2], [3, 4], [5, 1e30]]), "bad-entry", AT),
        Broken(FILE, json.dumps(first(7)), "bad-entry", AT),
        Broken(FILE, changed(segmentation=[[1, 1], [9, 9], [9, 1], [1, 9]]), "self-intersecting",
               AT),
        Broken(FILE, changed(category="__background__"), "background-region", AT),
        Broken("train/isat.yaml", "label: [", "unreadable-yaml", "line 1"),
        Broken("train/x.json", json.dumps(document("gone.jpg")), "image-missing", ""),
        Broken("train/x.json", json.dumps(document("../../x.jpg")), "path-leaves-root", ""),
        Broken("other.json", '{"info": {}}', "not-of-this-format", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / "isat.yaml", YAML)
        write(folder / FILE, first())
        write(folder / "train" / "d e" / "ü.json", document("ü.png"))
        write(folder / "val" / "labels" / "c.json", document("c.jpg", folder=""))
        for name in ("train/a b.jpg", "train/d e/ü.png", "val/images/c.jpg"):
            picture(folder / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "isat.yaml", "label: []\n")

    def one(self, folder: Path, name: str, label: str) -> str:
        corners = [[8, 12], [24, 12], [24, 36], [8, 36]]
        write(folder / f"{name.rpartition('.')[0]}.json", document(name, entry(label, corners)))
        picture(folder / name)
        return name
