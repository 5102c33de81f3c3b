"""WIDER FACE keeps the contract."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Place
from dataforge.records import Category, Header, Image, Instance
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

TRAIN, VAL = (f"wider_face_split/wider_face_{split}_bbx_gt.txt" for split in ("train", "val"))
FACES = """\
0--Parade/a b.jpg
2
10 12 20 28 2 0 1 0 1 0\x20
1 2 3 4 1 0 0 1 2 1\x20
1--ü/c.png
0
0 0 0 0 0 0 0 0 0 0\x20
"""
RATED = {"blur": 2, "expression": 0, "illumination": 1, "occlusion": 1, "pose": 0}


class TestWiderface(FormatContract):
    format = "widerface"
    labels = ("face",)
    header = Header(categories=(Category(name="face"),))
    records = (
        Image(
            file_name="WIDER_train/images/0--Parade/a b.jpg", place=Place(TRAIN, line=1),
            split="train", **SIZE,
            instances=(
                Instance(label="face", box=(10, 12, 30, 40), area=560, place=Place(TRAIN, line=3),
                         attributes=RATED),
                Instance(label="face", box=(1, 2, 4, 6), area=12, place=Place(TRAIN, line=4),
                         iscrowd=True, attributes={"blur": 1, "expression": 0, "illumination": 0,
                                                   "occlusion": 2, "pose": 1}),
            ),
        ),
        Image(file_name="WIDER_train/images/1--ü/c.png", place=Place(TRAIN, line=5), split="train",
              **SIZE),
        Image(
            file_name="WIDER_val/images/0--Parade/d.jpg", place=Place(VAL, line=1), split="val",
            **SIZE,
            instances=(Instance(label="face", box=(0, 0, 64, 48), area=3072,
                                place=Place(VAL, line=3)),),
        ),
    )  # fmt: skip
    broken = (
        Broken(TRAIN, FACES.replace("10 12", "10 x"), "bad-row", "line 3"),
        Broken(TRAIN, FACES.replace("10 12", "10"), "bad-row", "line 3"),
        Broken(TRAIN, FACES.replace("10 12", "10 inf"), "bad-row", "line 3"),
        Broken(TRAIN, FACES.replace("10 12", "1e30 12"), "bad-row", "line 3"),
        Broken(TRAIN, FACES.replace("28 2 0", "28 2 nan"), "bad-row", "line 3"),
        Broken(TRAIN, FACES.replace("20 28", "-20 28"), "reversed-box", "line 3"),
        Broken(TRAIN, f"1 2 3 4\n{FACES}", "bad-row", "line 1"),
        Broken(TRAIN, FACES.replace("\n2\n", "\n3\n"), "count-differs", "line 1"),
        Broken(TRAIN, FACES.replace("\n2\n", "\n"), "count-differs", "line 1"),
        Broken(TRAIN, f"{FACES}gone.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n", "image-missing", "line 8"),
        Broken(TRAIN, f"{FACES}../../../x.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n", "path-leaves-root",
               "line 8"),
        Broken("wider_face_split/wider_face_test_filelist.txt", "0--Parade/e.jpg\n",
               "not-of-this-format", ""),
        Broken(TRAIN, b"\xff\xff\x00\xfe", "unreadable-labels", "",
               ("WIDER_train/images/0--Parade/a b.jpg", "WIDER_train/images/1--ü/c.png")),
        Broken("WIDER_val/images/0--Parade/d.jpg", "no image", "unreadable-image", "",
               ("WIDER_val/images/0--Parade/d.jpg",)),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / TRAIN, FACES)
        write(folder / VAL, "0--Parade/d.jpg\n1\n0 0 64 48\n")
        for image in self.records:
            picture(folder / image.file_name)

    def one(self, folder: Path, name: str, label: str) -> str:
        rows = "8 12 16 24 0 0 0 0 0 0 "
        write(folder / "wider_face_split" / "wider_face_val_bbx_gt.txt", f"{name}\n1\n{rows}\n")
        picture(folder / "WIDER_val" / "images" / name)
        return f"WIDER_val/images/{name}"
