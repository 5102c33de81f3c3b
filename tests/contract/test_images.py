"""Images alone keep the contract."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Place
from dataforge.records import Image
from dataforge.testing import SIZE, Broken, FormatContract, picture, write


class TestImages(FormatContract):
    format = "images"
    records = (
        Image(file_name="a.jpg", place=Place("a.jpg"), **SIZE),
        Image(file_name="d e/ü.png", place=Place("d e/ü.png"), width=48, height=64),
    )
    broken = (
        Broken("a.jpg", "no image", "unreadable-image", "", ("a.jpg",)),
        Broken("d e/ü.png", "", "unreadable-image", "", ("d e/ü.png",)),
        Broken("d e/ü.png", b"\x89PNG\r\n\x1a\n", "unreadable-image", "", ("d e/ü.png",)),
    )

    def dataset(self, folder: Path) -> None:
        picture(folder / "a.jpg")
        picture(folder / "d e" / "ü.png", (48, 64))
        write(folder / "notes.txt", "nothing to see")

    def one(self, folder: Path, name: str, label: str) -> str:
        picture(folder / name)
        return name
