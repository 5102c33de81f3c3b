"""Tables of boxes keep the contract."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "train/_annotations.csv"
HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
ROWS = """\
a b.jpg,64,48,cat,10,12,30,40
d e/ü.png,64,48,人,0,0,2,3
a b.jpg,64,48,人,0.5,1,2.5,3
"""


def table(*rows: Any) -> str:
    """The rows as Python's csv module writes them."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return HEAD + out.getvalue()


class TestCsv(FormatContract):
    format = "csv"
    records = (
        Image(
            file_name="train/a b.jpg", place=Place(FILE, line=2), split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30, 40), area=560, place=Place(FILE, line=2)),
                Instance(label="人", box=(0.5, 1, 2.5, 3), area=4, place=Place(FILE, line=4)),
            ),
        ),
        Image(
            file_name="train/d e/ü.png", place=Place(FILE, line=3), split="train", **SIZE,
            instances=(Instance(label="人", box=(0, 0, 2, 3), area=6, place=Place(FILE, line=3)),),
        ),
        Image(
            file_name="val/c.jpg", place=Place("val/x.csv", line=2), split="val", **SIZE,
            instances=(Instance(label="cat", box=(0, 0, 64, 48), area=3072,
                                place=Place("val/x.csv", line=2)),),
        ),
        Image(file_name="train/none.jpg", place=Place(FILE), split="train", **SIZE),
    )  # fmt: skip
    codes = ("table-dialect", "table-dialect", "image-without-labels")
    broken = (
        Broken(FILE, HEAD + ROWS + 'a b.jpg,64,48,"cat,1,1,9,9\n', "bad-entry", "line 5",
               ("train/none.jpg",)),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,cat,1,1,9\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,cat,1,1,9,x\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,cat,1,1,9,nan\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,cat,1,1,9,1e12\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,,1,1,9,9\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + "a b.jpg,64,48,cat,,,,\n", "bad-entry", "line 5"),
        Broken(FILE, HEAD + ROWS + ",64,48,cat,1,1,9,9\n", "bad-entry", "line 5",
               ("train/none.jpg",)),
        Broken(FILE, HEAD + ROWS + "gone.jpg,64,48,cat,1,1,9,9\n", "image-missing", "line 5"),
        Broken(FILE, HEAD + ROWS + "../../x.jpg,64,48,cat,1,1,9,9\n", "path-leaves-root", "line 5"),
        Broken(FILE, b"\xff\xfe\x00", "unreadable-table", "",
               ("train/a b.jpg", "train/d e/ü.png", "train/none.jpg")),
        Broken("notes.csv", "day,weather\nMonday,rain\n", "not-of-this-format", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, HEAD + ROWS)
        write(folder / "val" / "x.csv", table(("c.jpg", 64, 48, "cat", 0, 0, 64, 48)))
        for name in ("train/a b.jpg", "train/d e/ü.png", "train/none.jpg", "val/c.jpg"):
            picture(folder / name)

    def nothing(self, folder: Path) -> None:
        write(folder / "train" / "x.csv", HEAD)

    def one(self, folder: Path, name: str, label: str) -> str:
        write(folder / "x.csv", table((name, 64, 48, label, 8, 12, 24, 36)))
        picture(folder / name)
        return name
