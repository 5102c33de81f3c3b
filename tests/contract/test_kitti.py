"""KITTI keeps the contract."""

from __future__ import annotations

from pathlib import Path

from dataforge.findings import Clip, Drop, Place, Reorder, Set
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

TXT = "training/label_2/a.txt"
IN_3D = "1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"
UNKNOWN = "-1 -1 -1 -1000 -1000 -1000 -10"
CAR = f"Car 0.25 1 -1.58 10 12 30.5 40 {IN_3D}\n"
PERSON = f"Person sitting -1 -1 -10 0 0 64 48 {UNKNOWN} 0.875\n"
REGION = f"DontCare -1 -1 -10 1 2 3 4 {UNKNOWN}\n"


class TestKitti(FormatContract):
    format = "kitti"
    records = (
        Image(
            file_name="training/image_2/a.jpg", place=Place(TXT), split="train", **SIZE,
            instances=(
                Instance(
                    label="Car", box=(10, 12, 30.5, 40), area=20.5 * 28, place=Place(TXT, line=1),
                    attributes={
                        "truncated": 0.25, "occluded": 1, "alpha": -1.58,
                        "dimensions": [1.65, 1.67, 3.64], "location": [-0.65, 1.71, 46.7],
                        "rotation_y": -1.59,
                    },
                ),
                Instance(label="Person sitting", box=(0, 0, 64, 48), area=3072,
                         place=Place(TXT, line=3), attributes={"score": 0.875}),
                Instance(label="DontCare", box=(1, 2, 3, 4), area=4, iscrowd=True,
                         place=Place(TXT, line=4)),
            ),
        ),
        Image(file_name="training/image_2/d e/ü.png", split="train", **SIZE,
              place=Place("training/label_2/d e/ü.txt")),
    )  # fmt: skip
    broken = (
        Broken(TXT, CAR + "Car 0 0 0 1 2 3\n", "bad-row", "line 2"),
        Broken(TXT, CAR + CAR.replace("12", "x"), "bad-row", "line 2"),
        Broken(TXT, CAR + CAR.replace("40", "inf"), "bad-row", "line 2"),
        Broken(TXT, CAR + CAR.replace("40", "1e30"), "bad-row", "line 2"),
        Broken(TXT, CAR.replace("10 12", "40 12"), "reversed-box", "line 1"),
        Broken(TXT, b"\xff\xff\x00\xfe", "unreadable-labels", "", ("training/image_2/a.jpg",)),
        Broken("training/image_2/a.jpg", "no image", "unreadable-image", "",
               ("training/image_2/a.jpg",)),
        Broken("training/label_2/gone.txt", CAR, "image-missing", ""),
    )  # fmt: skip

    edited = (
        Edited(Place(TXT, line=3), Set({"label": "人"}), "Person sitting", "人"),
        Edited(Place(TXT, line=1), Drop(), CAR, ""),
        Edited(Place(TXT, line=1), Clip((64, 48), (10, 12, 70.5, 40)), "70.5", "64",
               CAR.replace("30.5", "70.5") + REGION),
        Edited(Place(TXT, line=1), Reorder(), "30.50 12 10 40", "10 12 30.50 40",
               CAR.replace("10 12 30.5 40", "30.50 12 10 40")),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / TXT, f"{CAR}\n{PERSON}{REGION}")
        write(folder / "training" / "label_2" / "d e" / "ü.txt", "")
        write(folder / "training" / "calib" / "a.txt", "P0: 1 2 3\n")
        for name in ("a.jpg", "d e/ü.png"):
            picture(folder / "training" / "image_2" / name)

    def one(self, folder: Path, name: str, label: str) -> str:
        path = folder / "training" / "label_2" / name
        write(path.with_name(f"{path.stem}.txt"), f"{label} 0.0 0 -10 8 12 24 36 {UNKNOWN}\n")
        picture(folder / "training" / "image_2" / name)
        return f"training/image_2/{name}"
