"""YOLO keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path

from dataforge.findings import Clip, Drop, Place, Set
from dataforge.records import Category, Header, Image, Instance, Polygons
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

# Of 64 x 48: x 16 -+ 8, y 24 -+ 12; and an outline with corners (16, 0), (48, 0), (48, 24).
ROWS = "1 0.25 0.5 0.25 0.5\n\n1 0.5 0.5 1 1\n"
OUTLINE = "0 0.25 0 0.75 0 0.75 0.5\n"
TXT = "labels/train/a.txt"


class TestYolo(FormatContract):
    format = "yolo"
    header = Header(categories=(Category(name="人"), Category(name="cat")))
    records = (
        Image(
            file_name="images/train/a.jpg", place=Place(TXT), split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(8, 12, 24, 36), area=384, place=Place(TXT, line=1)),
                Instance(label="cat", box=(0, 0, 64, 48), area=3072, place=Place(TXT, line=3)),
            ),
        ),
        Image(
            file_name="images/train/d e/ü.png", place=Place("labels/train/d e/ü.txt"),
            split="train",
            instances=(
                Instance(label="人", box=(16, 0, 48, 24), area=384,
                         place=Place("labels/train/d e/ü.txt", line=1),
                         shape=Polygons(((16.0, 0.0, 48.0, 0.0, 48.0, 24.0),))),
            ), **SIZE,
        ),
        Image(file_name="images/val/c.jpg", place=Place("images/val/c.jpg"), split="val", **SIZE),
    )  # fmt: skip
    broken = (
        Broken(TXT, "1 0.25 0.5 0.25 0.5\n1 0.5 0.5 1\n", "bad-row", "line 2"),
        Broken(TXT, "1 0.25 0.5 0.25 0.5\n1 0.5 x 1 1\n", "bad-row", "line 2"),
        Broken(TXT, "2 0.25 0.5 0.25 0.5\n", "bad-row", "line 1"),
        Broken(TXT, "1 0.25 0.5 0.25 1.2\n", "outside-unit", "line 1"),
        Broken(TXT, b"\xff\xff\x00\xfe", "unreadable-labels", "", ("images/train/a.jpg",)),
        Broken("images/val/c.jpg", "no image", "unreadable-image", "", ("images/val/c.jpg",)),
        Broken("labels/train/gone.txt", "0 0.5 0.5 1 1\n", "image-missing", ""),
        Broken("data.yaml", "names: [人, cat]\nnc: 3\ntrain: images/train\nval: images/val\n",
               "class-count", "nc"),
    )  # fmt: skip

    edited = (
        Edited(Place("data.yaml", "names[1]", line=3), Set({"label": "dog"}), "cat", '"dog"'),
        Edited(Place(TXT, line=3), Drop(), "1 0.5 0.5 1 1\n", ""),
        Edited(Place(TXT, line=3), Clip((64, 48), (44.8, 12, 70.4, 36)), "0.9 0.5 0.4 0.5",
               "0.85 0.5 0.3 0.5", "1 0.25 0.5 0.25 0.5\n\n1 0.9 0.5 0.4 0.5\n"),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        data = "train: images/train\nval: images/val\nnames: [人, cat]\n"
        write(folder / "data.yaml", data)
        write(folder / TXT, ROWS)
        write(folder / "labels" / "train" / "d e" / "ü.txt", OUTLINE)
        for name in ("train/a.jpg", "train/d e/ü.png", "val/c.jpg"):
            picture(folder / "images" / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "data.yaml", "train: images\nval: images\nnames: [cat]\n")
        (folder / "images").mkdir()

    def one(self, folder: Path, name: str, label: str) -> str:
        names = json.dumps(label, ensure_ascii=False)
        write(folder / "data.yaml", f"train: images\nval: images\nnames: [{names}]\n")
        path = folder / "labels" / name
        write(path.with_name(f"{path.stem}.txt"), "0 0.25 0.5 0.25 0.5\n")
        picture(folder / "images" / name)
        return f"images/{name}"
