"""Acme's format keeps the contract of all formats; its package is installed."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Drop, Place, Set
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

FILE = "a b.acme"


class TestAcme(FormatContract):
    format = "acme"
    records = (
        Image(
            file_name="a b.jpg", place=Place(FILE), **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30.5, 40), area=574, place=Place(FILE, line=1)),
                Instance(label="big 人", box=(0, 0, 2, 3), area=6, place=Place(FILE, line=2)),
            ),
        ),
        Image(file_name="c/ü.png", place=Place("c/ü.acme"), **SIZE),
    )  # fmt: skip
    broken = (
        Broken(FILE, "cat 1 2 3\n", "bad-line", "line 1"),
        Broken(FILE, "cat 1 2 3 x\n", "bad-line", "line 1"),
        Broken(FILE, b"\xff\xfe", "bad-line", "line 1"),
        Broken("c/ü.png", "no image", "unreadable-image", "", ("c/ü.png",)),
    )
    edited = (
        Edited(Place(FILE, line=2), Drop(), "big 人 0 0 2 3\n", ""),
        Edited(Place(FILE, line=2), Set({"label": "dog"}), "big 人", "dog"),
        Edited(Place(FILE, line=1), Drop(), "nonsense\n", "", "nonsense\ncat 1 2 3 4\n"),
    )

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, "cat 10 12 30.5 40\nbig 人 0 0 2 3\n")
        write(folder / "c" / "ü.acme", "")
        picture(folder / "a b.jpg")
        picture(folder / "c" / "ü.png")

    def one(self, folder: Path, name: str, label: str) -> str:
        path = picture(folder / name)
        write(path.with_name(f"{path.stem}.acme"), f"{label} 8 12 24 36\n")
        return name
