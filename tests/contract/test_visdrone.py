"""VisDrone keeps the contract."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.records import Category, Header, Image, Instance
from dataforge.testing import SIZE, Broken, FormatContract, driver, picture, write

TRAIN, TEST = "VisDrone2019-DET-train", "VisDrone2019-DET-test-dev"
TXT = f"{TRAIN}/annotations/a b.txt"
ROWS = "10,12,20,28,1,4,0,1\n\n1,2,3,4,0,0,0,0,\n5,6,7,8,0,11,1,2\n"
CLASSES = (
    "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle", "awning-tricycle", "bus",
    "motor",
)  # fmt: skip
"""From the readme of VisDrone's toolkit: 1 to 10."""


def header(*more: str) -> Header:
    return Header(categories=tuple(Category(name=name) for name in (*CLASSES, *more)))


class TestVisdrone(FormatContract):
    format = "visdrone"
    labels = CLASSES
    header = header("others", "ignored regions")
    records = (
        Image(file_name=f"{TEST}/images/d e/ü.png", split="test", **SIZE,
              place=Place(f"{TEST}/annotations/d e/ü.txt")),
        Image(
            file_name=f"{TRAIN}/images/a b.jpg", place=Place(TXT), split="train", **SIZE,
            instances=(
                Instance(label="car", box=(10, 12, 30, 40), area=560, place=Place(TXT, line=1),
                         attributes={"truncation": 0, "occlusion": 1}),
                Instance(label="ignored regions", box=(1, 2, 4, 6), area=12, iscrowd=True,
                         place=Place(TXT, line=3), attributes={"truncation": 0, "occlusion": 0}),
                Instance(label="others", box=(5, 6, 12, 14), area=56, iscrowd=True,
                         place=Place(TXT, line=4), attributes={"truncation": 1, "occlusion": 2}),
            ),
        ),
    )  # fmt: skip
    broken = (
        Broken(TXT, f"{ROWS}1,2,3,4,1,4,0\n", "bad-row", "line 5"),
        Broken(TXT, f"{ROWS}1,2,x,4,1,4,0,0\n", "bad-row", "line 5"),
        Broken(TXT, f"{ROWS}1,2,inf,4,1,4,0,0\n", "bad-row", "line 5"),
        Broken(TXT, f"{ROWS}1,2,1e30,4,1,4,0,0\n", "bad-row", "line 5"),
        Broken(TXT, f"{ROWS}1,2,3,4,1,12,0,0\n", "bad-row", "line 5"),
        Broken(TXT, f"{ROWS}1,2,3,4,1,1.5,0,0\n", "bad-row", "line 5"),
        Broken(TXT, ROWS.replace("20,28", "-20,28"), "reversed-box", "line 1"),
        Broken(TXT, b"\xff\xff\x00\xfe", "unreadable-labels", "", (f"{TRAIN}/images/a b.jpg",)),
        Broken(f"{TRAIN}/images/a b.jpg", "no image", "unreadable-image", "",
               (f"{TRAIN}/images/a b.jpg",)),
        Broken(f"{TRAIN}/annotations/gone.txt", ROWS, "image-missing", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / TXT, ROWS)
        write(folder / TEST / "annotations" / "d e" / "ü.txt", "")
        for image in self.records:
            picture(folder / image.file_name)

    def one(self, folder: Path, name: str, label: str) -> str:
        path = folder / "annotations" / name
        number = CLASSES.index(label) + 1
        write(path.with_name(f"{path.stem}.txt"), f"8,12,16,24,1,{number},0,0\n")
        picture(folder / "images" / name)
        return f"images/{name}"


def test_classes_that_only_some_datasets_have_come_last(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    for row, more in (("1,2,3,4,1,11,0,0", ("others",)), ("1,2,3,4,1,1,0,0", ())):
        write(tmp_path / "annotations" / "a.txt", row)
        read = driver.Read(driver.read(get_format("visdrone"), tmp_path))
        assert read.headers == [header(*more)]
