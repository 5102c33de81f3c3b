"""BDD100K keeps the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dataforge.findings import Place
from dataforge.records import Image, Instance, Polygons
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "labels/det_20/det_train.json"
OLD = "labels/100k/val/c d.json"


def marked(category: Any, *corners: Any, **keys: Any) -> dict[str, Any]:
    """An object; x2 and y2 are its last pixels."""
    return {
        "category": category,
        "box2d": dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)),
        **keys,
    }


CAR = marked("car", 10, 12, 29, 39, id="0", manualShape=True,
             attributes={"occluded": True, "trafficLightColor": "none"})  # fmt: skip
CROWD = marked("other person", 0.5, 0, 2.5, 3, attributes={"crowd": True})
TRIANGLE = {"vertices": [[8, 12], [24, 12], [24, 36]], "types": "LLL", "closed": True}
TRAIN: list[Any] = [
    {"name": "a b.jpg", "attributes": {"weather": "clear"}, "timestamp": 10000,
     "labels": [CAR, CROWD]},
    {"name": "ü.png", "videoName": "", "labels": None},
]  # fmt: skip
SINGLE: dict[str, Any] = {
    "name": "c d",
    "attributes": {"scene": "street"},
    "frames": [{"timestamp": 7, "objects": [{"category": "rider", "id": 3, "poly2d": [TRIANGLE]}]}],
}


def changed(**keys: Any) -> str:
    """The list, with keys of its second object changed."""
    return json.dumps([TRAIN[0] | {"labels": [CAR, CROWD | keys]}, TRAIN[1]])


def single(**keys: Any) -> str:
    """The file of one image, with keys of its object changed."""
    (frame,) = SINGLE["frames"]
    objects = [frame["objects"][0] | keys]
    return json.dumps(SINGLE | {"frames": [frame | {"objects": objects}]})


class TestBdd100k(FormatContract):
    format = "bdd100k"
    records = (
        Image(
            file_name="images/100k/train/a b.jpg", place=Place(FILE, "$[0]"), split="train",
            **SIZE, attributes={"weather": "clear"}, extra={"bdd100k": {"timestamp": 10000}},
            instances=(
                Instance(label="car", box=(10, 12, 30, 40), area=560,
                         place=Place(FILE, "$[0].labels[0]"),
                         attributes={"occluded": True, "trafficLightColor": "none"},
                         extra={"bdd100k": {"id": "0", "manualShape": True}}),
                Instance(label="other person", box=(0.5, 0, 3.5, 4), area=12, iscrowd=True,
                         place=Place(FILE, "$[0].labels[1]")),
            ),
        ),
        Image(file_name="images/100k/train/ü.png", place=Place(FILE, "$[1]"), split="train",
              **SIZE),
        Image(
            file_name="images/100k/val/c d.jpg", place=Place(OLD, "$.frames[0]"), split="val",
            **SIZE, attributes={"scene": "street"}, extra={"bdd100k": {"timestamp": 7}},
            instances=(
                Instance(label="rider", box=(8, 12, 24, 36), area=192,
                         shape=Polygons(((8, 12, 24, 12, 24, 36),)),
                         place=Place(OLD, "$.frames[0].objects[0]"),
                         extra={"bdd100k": {"id": 3}}),
            ),
        ),
    )  # fmt: skip
    broken = (
        Broken(FILE, '[{"name": "a b.jpg",\n"labels": [', "unreadable-json", "line 2, column 12",
               ("images/100k/train/a b.jpg", "images/100k/train/ü.png")),
        Broken(FILE, changed(category=None), "bad-entry", "$[0].labels[1]"),
        Broken(FILE, changed(box2d={"x1": 1, "y1": "up", "x2": 3, "y2": 4}), "bad-entry",
               "$[0].labels[1]"),
        Broken(FILE, changed(box2d={"x1": 1e30, "y1": 1, "x2": 3, "y2": 4}), "bad-entry",
               "$[0].labels[1]"),
        Broken(FILE, changed(box2d={"x1": 9, "y1": 1, "x2": 3, "y2": 4}), "reversed-box",
               "$[0].labels[1]"),
        Broken(FILE, changed(box2d=None, box3d={"location": [1, 2, 3]}), "skipped-shape",
               "$[0].labels[1]"),
        Broken(FILE, changed(box2d=None, rle={"size": [48, 64], "counts": "0320"}), "bad-entry",
               "$[0].labels[1]"),
        Broken(FILE, json.dumps([*TRAIN, 7]), "bad-entry", "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, {"name": "", "labels": []}]), "no-file-name", "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, {"name": "gone.jpg", "labels": [CAR]}]), "image-missing",
               "$[2]"),
        Broken(FILE, json.dumps([*TRAIN, {"name": "../../x.jpg", "labels": []}]),
               "path-leaves-root", "$[2]"),
        Broken("other.json", '{"info": {}}', "not-of-this-format", ""),
        Broken("other.json", '{"frames": {"a": 1}}', "not-of-this-format", ""),
        Broken(OLD, '{"name": ', "unreadable-json", "line 1, column 9",
               ("images/100k/val/c d.jpg",)),
        Broken(OLD, "{}", "not-of-this-format", "", ("images/100k/val/c d.jpg",)),
        Broken(OLD, json.dumps(SINGLE | {"frames": {}}), "bad-entry", "$.frames",
               ("images/100k/val/c d.jpg",)),
        Broken(OLD, json.dumps(SINGLE | {"frames": [{"objects": 7}]}), "bad-entry", "$.frames[0]",
               ("images/100k/val/c d.jpg",)),
        Broken(OLD, single(category="lane/road curb"), "skipped-shape", "$.frames[0].objects[0]"),
        Broken(OLD, single(poly2d=[TRIANGLE | {"closed": False}]), "skipped-shape",
               "$.frames[0].objects[0]"),
        Broken(OLD, single(poly2d=[TRIANGLE | {"types": "LLC"}]), "bad-entry",
               "$.frames[0].objects[0]"),
        Broken(OLD, single(poly2d=[TRIANGLE | {"types": "LL"}]), "bad-entry",
               "$.frames[0].objects[0]"),
        Broken(OLD, single(poly2d=[TRIANGLE | {"vertices": [[1, 2]], "types": "L"}]), "bad-entry",
               "$.frames[0].objects[0]"),
        Broken("images/100k/val/c d.jpg", "no image", "unreadable-image", "",
               ("images/100k/val/c d.jpg",)),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, TRAIN)
        write(folder / OLD, SINGLE)
        for image in self.records:
            picture(folder / image.file_name)

    def nothing(self, folder: Path) -> None:
        write(folder / "x.json", [])

    def one(self, folder: Path, name: str, label: str) -> str:
        write(folder / "det_val.json", [{"name": name, "labels": [marked(label, 8, 12, 23, 35)]}])
        picture(folder / "images" / name)
        return f"images/{name}"
