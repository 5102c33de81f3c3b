"""XML of LabelMe's web tool keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image as PILImage
from pycocotools import mask as coco_mask

from dataforge.findings import Place
from dataforge.records import Image, Instance, Mask, Polygons
from dataforge.testing import SIZE, Broken, FormatContract, picture, write

FILE = "Annotations/train/a b.xml"
MASKED = "Annotations/val/d/ü.xml"
# Columns of 48: x = 2 and x = 3 have rows 1 to 3.
RUNS: Any = {"size": [48, 64], "counts": [97, 3, 45, 3, 2924]}
COUNTS: str = coco_mask.frPyObjects(RUNS, 48, 64)["counts"].decode()


def points(*pairs: tuple[object, object]) -> str:
    inner = "".join(f"<pt><x>\n{x}\n</x><y>\n{y}\n</y></pt>" for x, y in pairs)
    return f"<polygon><username>anonymous</username>{inner}</polygon>"


BOX = points((10, 12), (30.5, 12), (30.5, 40), (10, 40)) + "<type>bounding_box</type>"
TRIANGLE = points((1, 2), (9.5, 2), (1, 6), (1, 2))
SEGM = (
    "<segm><username>x</username><box><xmin>2</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax>"
    "</box><mask>ü_mask_0.png</mask></segm>"
)


def thing(name: str, drawn: str, deleted: str = "0", more: str = "") -> str:
    return (
        f"<object><name>\n{escape(name)}\n</name><deleted>\n{deleted}\n</deleted>{more}{drawn}"
        "</object>\n"
    )


def document(name: str, *things: str, folder: str = "") -> str:
    return (
        f"<annotation><filename>\n{escape(name)}\n</filename><folder>\n{folder}\n</folder>"
        "<source><sourceImage>The MIT-CSAIL database of objects and scenes</sourceImage></source>"
        f"<imagesize><nrows>48</nrows><ncols>64</ncols></imagesize>\n{''.join(things)}"
        "</annotation>\n"
    )


PARTS = "<parts><hasparts>1</hasparts><ispartof></ispartof></parts><id>0</id>"
TOLD = "<verified>1</verified><occluded>yes</occluded><attributes>red, age=3</attributes>"
CAT = thing("cat", BOX, more=PARTS + TOLD)
OTHER = thing("人", TRIANGLE)


def first(*more: str) -> str:
    return document("a b.jpg", CAT, OTHER, *more, folder="train")


class TestLabelmeXml(FormatContract):
    format = "labelmexml"
    records = (
        Image(
            file_name="Images/train/a b.jpg", place=Place(FILE), split="train", **SIZE,
            instances=(
                Instance(
                    label="cat", box=(10, 12, 30.5, 40), area=20.5 * 28,
                    place=Place(FILE, "object[0]", 6),
                    attributes={"red": True, "age": 3, "occluded": True, "verified": True,
                                "username": "anonymous", "id": 0, "has_parts": [1]},
                ),
                Instance(
                    label="人", box=(1, 2, 9.5, 6), area=17, place=Place(FILE, "object[1]", 27),
                    shape=Polygons(((1.0, 2.0, 9.5, 2.0, 1.0, 6.0),)),
                    attributes={"username": "anonymous"},
                ),
            ),
        ),
        Image(file_name="Images/train/none.png", place=Place("Annotations/train/none.xml"),
              split="train", **SIZE),
        Image(
            file_name="Images/val/d/ü.png", place=Place(MASKED), split="val", **SIZE,
            instances=(
                Instance(
                    label="cat", box=(2, 1, 4, 4), area=6, place=Place(MASKED, "object[0]", 6),
                    shape=Mask(size_hw=(48, 64), counts=COUNTS), attributes={"username": "x"},
                ),
            ),
        ),
    )  # fmt: skip
    broken = (
        Broken(FILE, "<annotation>\n<filename", "unreadable-xml", "line 2",
               ("Images/train/a b.jpg",)),
        Broken(FILE, first(thing("", BOX)), "bad-entry", "line 48"),
        Broken(FILE, first(thing("cat", "")), "bad-entry", "line 48"),
        Broken(FILE, first(thing("cat", points((1, "x"), (2, 3), (4, 5)))), "bad-entry", "line 48"),
        Broken(FILE, first(thing("cat", points((1, "nan"), (2, 3), (4, 5)))), "bad-entry",
               "line 48"),
        Broken(FILE, first(thing("cat", points((1, 2), (2, 3)))), "skipped-shape", "line 48"),
        Broken(FILE, first(thing("cat", points((1, 2)))), "skipped-shape", "line 48"),
        Broken(FILE, first(thing("cat", points((1, 1), (9, 9), (9, 1), (1, 9)))),
               "self-intersecting", "line 48"),
        Broken(FILE, first(thing("cat", SEGM)), "mask-missing", "line 48"),
        Broken(FILE, first(thing("cat", "<segm><mask>../../../x.png</mask></segm>")), "bad-entry",
               "line 48"),
        Broken(FILE, first(thing("cat", BOX, "1")), "deleted-object", "line 48"),
        Broken("Annotations/x.xml", document("gone.jpg"), "image-missing", ""),
        Broken("Annotations/x.xml", document("../../x.jpg"), "path-leaves-root", ""),
        Broken("other.xml", "<sequence/>", "not-of-this-format", ""),
        Broken("other.xml", "<annotation><size><width>9</width></size></annotation>",
               "not-of-this-format", ""),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / FILE, first())
        write(folder / "Annotations/train/none.xml", document("none.png", folder="train"))
        write(folder / MASKED, document("ü.png", thing("cat", SEGM), folder="val/d"))
        for name in ("train/a b.jpg", "train/none.png", "val/d/ü.png"):
            picture(folder / "Images" / name)
        pixels = np.zeros((48, 64, 4), np.uint8)
        pixels[1:4, 2:4] = (255, 203, 0, 153)
        (folder / "Masks/val/d").mkdir(parents=True)
        PILImage.fromarray(pixels).save(folder / "Masks/val/d/ü_mask_0.png")

    def one(self, folder: Path, name: str, label: str) -> str:
        box = points((8, 12), (24, 12), (24, 36), (8, 36)) + "<type>bounding_box</type>"
        stem = name.rpartition(".")[0]
        inside, _, last = name.rpartition("/")
        write(folder / f"{stem}.xml", document(last, thing(label, box), folder=inside))
        picture(folder / name)
        return name
