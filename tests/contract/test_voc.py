"""Pascal VOC keeps the contract."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from helpers import voc_object, voc_xml

from dataforge.findings import Clip, Drop, Place, Reorder, Set
from dataforge.records import Image, Instance
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

# A box that begins at 0 makes the convention 0-based: boxes are the numbers as they stand.
OBJECTS = (
    voc_object("cat", (0, 12, 30.5, 40), pose="Left", truncated="1", difficult="1"),
    voc_object("人", (10, 12, 30, 40), difficult="0"),
)
XML = "Annotations/a.xml"
FIRST, SECOND = Place(XML, "object[0]", 3), Place(XML, "object[1]", 4)


class TestVoc(FormatContract):
    format = "voc"
    records = (
        Image(
            file_name="JPEGImages/a.jpg", place=Place(XML), split="train", **SIZE,
            instances=(
                Instance(label="cat", box=(0, 12, 30.5, 40), area=30.5 * 28,
                         place=FIRST, difficult=True,
                         attributes={"truncated": True, "pose": "Left"}),
                Instance(label="人", box=(10, 12, 30, 40), area=560,
                         place=SECOND),
            ),
        ),
        Image(file_name="JPEGImages/d e/ü.png", place=Place("Annotations/d e/ü.xml"),
              split="train", **SIZE),
        Image(file_name="JPEGImages/c.jpg", place=Place("Annotations/c.xml"), split="val", **SIZE),
    )  # fmt: skip
    codes = ("coords",)
    broken = (
        Broken(XML, "<annotation>\n<object>", "unreadable-xml", "line 2",
               ("JPEGImages/a.jpg",)),
        Broken(XML, "", "unreadable-xml", "", ("JPEGImages/a.jpg",)),
        Broken(XML, voc_xml(OBJECTS[0], voc_object("cat", None)), "bad-object", "line 4"),
        Broken(XML, voc_xml(OBJECTS[0], voc_object("cat", (1, 2, "x", 4))), "bad-object",
               "line 4"),
        Broken(XML, voc_xml(OBJECTS[0], voc_object(None, (1, 2, 3, 4))), "bad-object", "line 4"),
        Broken(XML, voc_xml(OBJECTS[0], voc_object("cat", (9, 2, 3, 4))), "reversed-box",
               "line 4"),
        Broken("ImageSets/Main/val.txt", "c\ngone\n", "annotation-missing", "gone"),
        Broken("Annotations/e.xml", voc_xml(), "annotation-not-listed", ""),
    )  # fmt: skip

    edited = (
        Edited(FIRST, Set({"label": "<dog>"}), "<name>cat</name>", "<name>&lt;dog&gt;</name>"),
        Edited(FIRST, Set({"difficult": 0}), "<difficult>1<", "<difficult>0<"),
        Edited(SECOND, Drop(), f"\n{OBJECTS[1]}", ""),
        Edited(SECOND, Clip((64, 48), (10, 12, 70, 40)), "<xmax>70<", "<xmax>64<",
               voc_xml(OBJECTS[0], voc_object("cat", (10, 12, 70, 40)))),
        Edited(SECOND, Reorder(), "<xmin>30</xmin><ymin>12</ymin><xmax>10</xmax>",
               "<xmin>10</xmin><ymin>12</ymin><xmax>30</xmax>",
               voc_xml(OBJECTS[0], voc_object("cat", (30, 12, 10, 40)))),
        Edited(Place(XML), Set({"width": 64, "height": 48}),
               "<width>48</width><height>64</height>", "<width>64</width><height>48</height>",
               voc_xml(*OBJECTS, size=(48, 64))),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / XML, voc_xml(*OBJECTS))
        write(folder / "Annotations" / "d e" / "ü.xml", voc_xml(filename="ü.png"))
        write(folder / "Annotations" / "c.xml", voc_xml())
        write(folder / "ImageSets" / "Main" / "train.txt", "a\nd e/ü\n")
        write(folder / "ImageSets" / "Main" / "val.txt", "c\n")
        for name in ("a.jpg", "d e/ü.png", "c.jpg"):
            picture(folder / "JPEGImages" / name)

    def one(self, folder: Path, name: str, label: str) -> str:
        path = (folder / "Annotations" / name).with_suffix(".xml")
        last = name.rpartition("/")[2]
        box = voc_object(escape(label), (8, 12, 24, 36))
        write(path, voc_xml(box, filename=escape(last)))
        picture(folder / "JPEGImages" / name)
        write(folder / "layout.toml", LAYOUT)
        return f"JPEGImages/{name}"


LAYOUT = 'images = "JPEGImages"\nannotations = "Annotations"\ncoords = "zero"\n'
