"""CVAT XML keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from pycocotools import mask as coco_mask

from dataforge.findings import Clip, Drop, Place, Reorder, Set
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import SIZE, Broken, Edited, FormatContract, picture, write

META = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
<version>1.1</version>
<meta><task><name>t</name><size>2</size><mode>annotation</mode><labels>
<label><name>人</name></label><label><name>cat</name><attributes><attribute><name>colour</name>
<input_type>select</input_type></attribute></attributes></label></labels></task></meta>
"""
BOX = """<box label="cat" occluded="1" source="manual" xtl="10.00" ytl="12" xbr="30.5" ybr="40.00" \
group_id="3">
<attribute name="colour">red</attribute>
</box>"""
POLYGON = '<polygon label="人" occluded="0" points="1,2;9.5,2;1,6" z_order="2"></polygon>'
# From (1, 0): rows ### and #.#, so along the rows no background, then 4, 1 and 1.
MASK = '<mask label="cat" rle="0, 4, 1, 1" left="1" top="0" width="3" height="2"></mask>'
# Columns of 48: x = 1 rows 0 and 1, x = 2 row 0, x = 3 rows 0 and 1.
RUNS: Any = {"size": [48, 64], "counts": [48, 2, 46, 1, 47, 2, 2926]}
COUNTS: str = coco_mask.frPyObjects(RUNS, 48, 64)["counts"].decode()
LINE = '<polyline label="cat" points="1,2;3,4"></polyline>'
XML = "annotations.xml"


def image(name: str, *shapes: str, number: int = 0, size: str = 'width="64" height="48"') -> str:
    inner = "".join(f"{shape}\n" for shape in shapes)
    return f'<image id="{number}" name={quoteattr(name)} {size}>\n{inner}</image>\n'


def file(*shapes: str, size: str = 'width="64" height="48"') -> str:
    images = image("a.jpg", *shapes, size=size), image("d e/ü.png", number=1)
    return META + "".join(images) + "</annotations>\n"


class TestCvat(FormatContract):
    format = "cvat"
    header = Header(categories=(Category(name="人"), Category(name="cat")))
    records = (
        Image(
            file_name="images/a.jpg", place=Place(XML, "image[0]", 7), **SIZE,
            instances=(
                Instance(label="cat", box=(10, 12, 30.5, 40), area=20.5 * 28,
                         place=Place(XML, "image[0]/box[0]", 8),
                         attributes={"occluded": True, "group_id": 3, "colour": "red"}),
                Instance(label="人", box=(1, 2, 9.5, 6), area=17,
                         shape=Polygons(((1.0, 2.0, 9.5, 2.0, 1.0, 6.0),)),
                         place=Place(XML, "image[0]/polygon[0]", 11), attributes={"z_order": 2}),
                Instance(label="cat", box=(1, 0, 4, 2), area=5,
                         shape=Mask(size_hw=(48, 64), counts=COUNTS),
                         place=Place(XML, "image[0]/mask[0]", 12)),
            ),
        ),
        Image(file_name="images/d e/ü.png", place=Place(XML, "image[1]", 14), **SIZE),
    )  # fmt: skip
    broken = (
        Broken(XML, "<annotations>\n<image", "unreadable-xml", "line 2",
               ("images/a.jpg", "images/d e/ü.png")),
        Broken(XML, file(BOX, BOX.replace('xbr="30.5" ', "")), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, BOX.replace('"30.5"', '"nan"')), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, POLYGON.replace(";1,6", "")), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, MASK.replace("0, 4", "0, 5")), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, MASK.replace("0, 4", "x")), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, BOX.replace('"cat"', '" "')), "unusable-shape", "line 11"),
        Broken(XML, file(BOX, LINE), "shape-not-read", "line 11"),
        Broken(XML, file(BOX.replace('"10.00"', '"50.00"')), "reversed-box", "line 8"),
        Broken("other.xml", "<annotation></annotation>", "other-format", ""),
        Broken("more.xml", META + image("../x.jpg") + "</annotations>", "path-leaves-root",
               "line 7"),
        Broken("more.xml", META + image("gone.jpg") + "</annotations>", "image-missing", "line 7"),
    )  # fmt: skip

    edited = (
        Edited(Place(XML, "image[0]/polygon[0]", 11), Set({"label": 'a "b"'}),
               '<polygon label="人"', '<polygon label="a &quot;b&quot;"'),
        Edited(Place(XML, "image[0]/polygon[0]", 11), Drop(), f"{POLYGON}\n", ""),
        Edited(Place(XML, "image[0]/box[0]", 8), Clip((64, 48), (10, 12, 70.5, 40)),
               '"70.5"', '"64"', file(BOX.replace("30.5", "70.5"))),
        Edited(Place(XML, "image[0]/box[0]", 8), Reorder(), 'xtl="30.5" ytl="12" xbr="10.00"',
               'xtl="10.00" ytl="12" xbr="30.5"',
               file(BOX.replace('"10.00"', '"30.5"', 1).replace('xbr="30.5"', 'xbr="10.00"'))),
        Edited(Place(XML, "image[0]", 7), Set({"width": 64, "height": 48}),
               'width="48" height="64"', 'width="64" height="48"',
               file(BOX, size='width="48" height="64"')),
    )  # fmt: skip

    def dataset(self, folder: Path) -> None:
        write(folder / XML, file(BOX, POLYGON, MASK))
        picture(folder / "images" / "a.jpg")
        picture(folder / "images" / "d e" / "ü.png")

    def nothing(self, folder: Path) -> None:
        write(folder / XML, f"{META}</annotations>")

    def one(self, folder: Path, name: str, label: str) -> str:
        box = f'<box label={quoteattr(label)} xtl="8" ytl="12" xbr="24" ybr="36"/>'
        write(folder / XML, f"<annotations><meta/>{image(name, box)}</annotations>")
        picture(folder / "images" / name)
        return f"images/{name}"
