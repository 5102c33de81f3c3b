"""CreateML keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "train/_annotations.createml.json"


def marked(label: Any, *sides: Any, **keys: Any) -> dict[str, Any]:
    """An object with x and y of its centre, width and height."""
    named = dict(zip(("x", "y", "width", "height"), sides, strict=True))
    return {"label": label, "coordinates": named, **keys}


TRAIN: list[Any] = [
    {"image": "a b.jpg", "annotations": [marked("cat", 20, 26, 20, 28),
                                         marked("人", 1, 1.5, 2, 3, confidence=0.5)]},
    {"image": "d e/ü.png", "verified": True, "annotations": []},
]  # fmt: skip
VAL: list[Any] = [{"imagefilename": "c.jpg", "annotation": [marked("cat", 32, 24, 64, 48)]}]


def changed(**keys: Any) -> str:
    """The training file, with keys of its second object changed."""
    first, second = TRAIN[0]["annotations"]
    return json.dumps([{"image": "a b.jpg", "annotations": [first, second | keys]}, TRAIN[1]])


class TestCreateml(FormatContract):
    format = "createml"
    records = (
        Image(
            file_name="train/a b.jpg", place=Place(FILE, "$[0]"), split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30, 40), area=560,
                         place=Place(FILE, "$[0].annotations[0]")),
                Instance(label="人", box=(0, 0, 2, 3), area=6,
                         place=Place(FILE, "$[0].annotations[1]"),
                         extra={"createml": {"confidence": 0.5}}),
            ),
        ),
        Image(file_name="train/d e/ü.png", place=Place(FILE, "$[1]"), split="train",
              extra={"createml": {"verified": True}}, **SIZE),
        Image(
            file_name="val/c.jpg", place=Place("val/x.json", "$[0]"), split="val", **SIZE,
            instances=(Instance(label="cat", box=(0, 0, 64, 48), area=3072,
                                place=Place("val/x.json", "$[0].annotation[0]")),),
        ),
    )  # fmt: skip
    broken = (
        Broken(FILE, '[{"image": "a b.jpg",\n"annotations": [', "unreadable-json",
               "line 2, column 17", ("train/a b.jpg", "train/d e/ü.png")),
        Broken(FILE, changed(label=None), "bad-entry", "$[0].annotations[1]"),
        Broken(FILE, changed(coordinates=[1, 2, 3, 4]), "bad-entry", "$[0].annotations[1]"),
        Broken(FILE, changed(coordinates={"x": 1, "y": "left", "width": 2, "height": 3}),
               "bad-entry", "$[0].annotations[1].coordinates"),
        Broken(FILE, changed(coordinates={"x": 1e30, "y": 1, "width": 2, "height": 3}),
               "bad-entry", "$[0].annotations[1].coordinates"),
        Broken(FILE, json.dumps([*TRAIN, {"image": "gone.jpg", "annotations": []}]),
               "image-missing", "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, {"image": "../../x.jpg", "annotations": []}]),
               "path-leaves-root", "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, {"image": "", "annotations": []}]), "no-file-name",
               "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, 7]), "bad-entry", "$[2]"),
        Broken("other.json", '{"info": {}}', "not-of-this-format", ""),
        Broken("train/a b.jpg", "no image", "unreadable-image", "", ("train/a b.jpg",)),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, TRAIN)
        write(folder / "val" / "x.json", VAL)
        for name in ("train/a b.jpg", "train/d e/ü.png", "val/c.jpg"):
            picture(folder / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "train" / "x.json", [])

    def one(self, folder: Path, name: str, label: str) -> str:
        write(folder / "x.json", [{"image": name, "annotations": [marked(label, 16, 24, 16, 24)]}])
        picture(folder / name)
        return name
