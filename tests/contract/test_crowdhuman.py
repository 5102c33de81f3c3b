"""CrowdHuman keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "annotation_train.odgt"


def person(*box: Any, tag: Any = "person", **keys: Any) -> dict[str, Any]:
    """An object whose full box is a corner and a size."""
    return {"fbox": [*box], "tag": tag, **keys}


def line(name: Any, *boxes: Any, **keys: Any) -> str:
    return json.dumps({"ID": name, "gtboxes": [*boxes], **keys}, ensure_ascii=False) + "\n"


HEAD = {"hbox": [12, 13, 4, 5], "vbox": [10, 12, 20, 20], "head_attr": {"ignore": 0, "occ": 1}}
FIRST = person(10, 12, 20, 28, **HEAD, extra={"box_id": 0, "occ": 0})
MASK = person(-1.5, 0, 3, 4, tag="mask", head_attr={}, extra={"box_id": 1, "ignore": 1})
SECOND = line("273,d e/ü")
ALL = line("273,a b", FIRST, MASK, source="x") + "\n" + SECOND


class TestCrowdhuman(FormatContract):
    format = "crowdhuman"
    records = (
        Image(
            file_name="Images/273,a b.jpg", place=Place(FILE, line=1), split="train", **SIZE,
            extra={"crowdhuman": {"source": "x"}},
            instances=(
                Instance(label="person", box=(10, 12, 30, 40), area=560,
                         place=Place(FILE, "gtboxes[0]", 1),
                         attributes={"hbox": [12, 13, 4, 5], "vbox": [10, 12, 20, 20],
                                     "head_attr": {"ignore": 0, "occ": 1},
                                     "extra": {"box_id": 0, "occ": 0}}),
                Instance(label="person", box=(-1.5, 0, 1.5, 4), area=12, iscrowd=True,
                         place=Place(FILE, "gtboxes[1]", 1),
                         attributes={"tag": "mask", "extra": {"box_id": 1, "ignore": 1}}),
            ),
        ),
        Image(file_name="Images/273,d e/ü.jpg", place=Place(FILE, line=3), split="train", **SIZE),
        Image(
            file_name="Images/b.jpg", place=Place("annotation_val.odgt", line=1), split="val",
            **SIZE,
            instances=(Instance(label="dog", box=(0, 0, 64, 48), area=3072,
                                place=Place("annotation_val.odgt", "gtboxes[0]", 1)),),
        ),
    )  # fmt: skip
    broken = (
        Broken(FILE, line("273,a b", FIRST, 7) + SECOND, "bad-entry", "line 1"),
        Broken(FILE, line("273,a b", FIRST, person(1, 2, 3, 4, tag=None)) + SECOND, "bad-entry",
               "line 1"),
        Broken(FILE, line("273,a b", FIRST, person(1, "x", 3, 4)) + SECOND, "bad-entry", "line 1"),
        Broken(FILE, line("273,a b", FIRST, person(1, 2, 3)) + SECOND, "bad-entry", "line 1"),
        Broken(FILE, line("273,a b", FIRST, person(1e30, 2, 3, 4)) + SECOND, "bad-entry", "line 1"),
        Broken(FILE, line("273,a b", person(30, 12, -20, 28)) + SECOND, "reversed-box", "line 1"),
        Broken(FILE, ALL + '{"ID": "x", "gtboxes": [{"tag": "person"', "bad-entry", "line 4"),
        Broken(FILE, ALL + "7\n", "bad-entry", "line 4"),
        Broken(FILE, ALL + line("b", 7).replace("7", "NaN"), "nan", ""),
        Broken(FILE, ALL + line(""), "no-file-name", "line 4"),
        Broken(FILE, ALL + line("gone", FIRST), "image-missing", "line 4"),
        Broken(FILE, ALL + line("../../x", FIRST), "path-leaves-root", "line 4"),
        Broken("other.odgt", "{}\n", "not-of-this-format", ""),
        Broken(FILE, b"\xff\xff\x00\xfe", "unreadable-json", "",
               ("Images/273,a b.jpg", "Images/273,d e/ü.jpg")),
        Broken("Images/b.jpg", "no image", "unreadable-image", "", ("Images/b.jpg",)),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, ALL)
        write(folder / "annotation_val.odgt", line("b", person(0, 0, 64, 48, tag="dog")))
        for image in self.records:
            picture(folder / image.file_name)

    def nothing(self, folder: Path) -> None:
        write(folder / FILE, "\n")

    def one(self, folder: Path, name: str, label: str) -> str:
        stem = name.removesuffix(".jpg")
        write(folder / FILE, line(stem, person(8, 12, 16, 24, tag=label)))
        picture(folder / "Images" / name)
        return f"Images/{name}"
