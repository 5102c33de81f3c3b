"""VIA keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Category, Header, Image, Instance, Polygons
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "train/via_project.json"
AT = '$._via_img_metadata["a b.jpg9"].regions'


def region(label: Any, /, name: str = "rect", **numbers: Any) -> dict[str, Any]:
    marks = {} if label is None else {"type": label}
    return {"shape_attributes": {"name": name, **numbers}, "region_attributes": marks}


def entry(name: str, *regions: Any, **attributes: Any) -> dict[str, Any]:
    return {"filename": name, "size": 9, "regions": [*regions], "file_attributes": attributes}


BOX = region("cat", x=10, y=12, width=20, height=28)
TRIANGLE = region("人", "polygon", all_points_x=[1, 9.5, 1], all_points_y=[2, 2, 6])


def project(*more: Any, **images: Any) -> dict[str, Any]:
    first = entry("a b.jpg", BOX, TRIANGLE, *more, night="yes")
    return {
        "_via_settings": {"project": {"name": "x"}},
        "_via_img_metadata": {"a b.jpg9": first, "d e/ü.png9": entry("d e/ü.png"), **images},
        "_via_attributes": {
            "region": {"type": {"type": "dropdown", "options": {"人": "", "cat": "", "dog": ""}}},
            "file": {},
        },
    }


def changed(**keys: Any) -> str:
    return json.dumps(project({**BOX, **keys}))


class TestVia(FormatContract):
    format = "via"
    header = Header(categories=tuple(Category(name=name) for name in ("人", "cat", "dog")))
    records = (
        Image(
            file_name="train/a b.jpg", place=Place(FILE, '$._via_img_metadata["a b.jpg9"]'),
            split="train", attributes={"night": "yes"}, **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30, 40), area=560,
                         place=Place(FILE, f"{AT}[0]")),
                Instance(
                    label="人", box=(1, 2, 9.5, 6), area=17, place=Place(FILE, f"{AT}[1]"),
                    shape=Polygons(((1.0, 2.0, 9.5, 2.0, 1.0, 6.0),)),
                ),
            ),
        ),
        Image(file_name="train/d e/ü.png", place=Place(FILE, '$._via_img_metadata["d e/ü.png9"]'),
              split="train", **SIZE),
        Image(file_name="val/c.jpg", place=Place("val/x.json", '$["none.jpg9"]'), split="val",
              **SIZE),
    )  # fmt: skip
    codes = ("label-attribute",)
    broken = (
        Broken(FILE, '{"_via_img_metadata": {\n"a', "unreadable-json", "line 2, column 3",
               ("train/a b.jpg", "train/d e/ü.png")),
        Broken(FILE, changed(region_attributes={"other": 1}), "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "cube"}), "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "rect", "x": 1}), "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "rect", "x": 1, "y": [], "width": 1,
                                               "height": 1}), "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "circle", "cx": 1, "cy": 1, "r": 1e30}),
               "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "polygon", "all_points_x": [1, 2],
                                               "all_points_y": [1, 2]}), "bad-entry", f"{AT}[2]"),
        Broken(FILE, changed(shape_attributes={"name": "point", "cx": 1, "cy": 1}),
               "skipped-shape", f"{AT}[2]"),
        Broken(FILE, json.dumps(project(gone=entry("gone.jpg"))), "image-missing",
               "$._via_img_metadata.gone"),
        Broken(FILE, json.dumps(project(bad=[1])), "bad-entry", "$._via_img_metadata.bad"),
        Broken("other.json", '{"info": {}}', "not-of-this-format", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, project())
        write(folder / "val" / "x.json", {"none.jpg9": entry("c.jpg")})
        for name in ("train/a b.jpg", "train/d e/ü.png", "val/c.jpg"):
            picture(folder / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "train" / "x.json", {**project(), "_via_img_metadata": {}})

    def one(self, folder: Path, name: str, label: str) -> str:
        box = region(label, x=8, y=12, width=16, height=24)
        write(folder / "x.json", {f"{name}9": entry(name, box)})
        picture(folder / name)
        return name
