"""DOTA keeps the contract."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Clip, Drop, Place, Set
from dataforge.records import Image, Instance, Polygons
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

TXT = "train/labelTxt/a.txt"
HEADER = "imagesource:GoogleEarth\ngsd:0.25\n"
# A square on its corner, clockwise, of 2 * 10 * 10 pixels; an upright box, counter-clockwise.
TURNED = "20 10 30 20 20 30 10 20 small-vehicle 1\n"
UPRIGHT = "8.5 12 8.5 36 24 36 24 12 storage tank 0\n"


class TestDota(FormatContract):
    format = "dota"
    records = (
        Image(
            file_name="train/images/a.jpg", place=Place(TXT), split="train", **SIZE,
            attributes={"imagesource": "GoogleEarth", "gsd": 0.25},
            instances=(
                Instance(label="small-vehicle", box=(10, 10, 30, 30), area=200, difficult=True,
                         place=Place(TXT, line=3),
                         shape=Polygons(((20, 10, 30, 20, 20, 30, 10, 20),))),
                Instance(label="storage tank", box=(8.5, 12, 24, 36), area=15.5 * 24,
                         place=Place(TXT, line=5),
                         shape=Polygons(((8.5, 12, 8.5, 36, 24, 36, 24, 12),))),
            ),
        ),
        Image(file_name="train/images/d e/ü.png", split="train", **SIZE,
              place=Place("train/labelTxt/d e/ü.txt")),
    )  # fmt: skip
    broken = (
        Broken(TXT, TURNED + "1 2 3 4 5 6 7 8\n", "bad-row", "line 2"),
        Broken(TXT, TURNED + TURNED.replace("20", "x", 1), "bad-row", "line 2"),
        Broken(TXT, TURNED + TURNED.replace("20", "1e30", 1), "bad-row", "line 2"),
        Broken(TXT, TURNED + TURNED.replace("20", "nan", 1), "bad-row", "line 2"),
        Broken(TXT, TURNED + "gsd:0.25\n", "bad-row", "line 2"),
        Broken(TXT, "10 10 30 30 30 10 10 30 ship 0\n", "self-intersecting", "line 1"),
        Broken(TXT, b"\xff\xff\x00\xfe", "unreadable-labels", "", ("train/images/a.jpg",)),
        Broken("train/images/a.jpg", "no image", "unreadable-image", "", ("train/images/a.jpg",)),
        Broken("train/labelTxt/gone.txt", TURNED, "image-missing", ""),
    )  # fmt: skip

    edited = (
        Edited(Place(TXT, line=5), Set({"label": "人"}), "storage tank", "人"),
        Edited(Place(TXT, line=3), Drop(), TURNED, ""),
        Edited(Place(TXT, line=1), Clip((64, 48), (8.5, 12, 24, 50)), "8.5 50 24 50",
               "8.5 48 24 48", UPRIGHT.replace("36", "50") + TURNED),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / TXT, f"{HEADER}{TURNED}\n{UPRIGHT}")
        write(folder / "train" / "labelTxt" / "d e" / "ü.txt", "")
        write(folder / "train" / "readme.txt", "1 2 3\n")
        for name in ("a.jpg", "d e/ü.png"):
            picture(folder / "train" / "images" / name)

    def one(self, folder: Path, name: str, label: str) -> str:
        path = folder / "train" / "labelTxt" / name
        write(path.with_name(f"{path.stem}.txt"), f"8 12 24 12 24 36 8 36 {label} 0\n")
        picture(folder / "train" / "images" / name)
        return f"train/images/{name}"
