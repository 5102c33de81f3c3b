"""What files of LabelMe's web tool are read as; expected values are worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import picture as plain_picture
from helpers import voc_object, voc_xml
from PIL import Image as PILImage

from dataforge.datasets import guess_format
from dataforge.formats import get_format
from dataforge.io import Root
from dataforge.records import Mask, Polygons
from dataforge.testing import driver, picture, write
from dataforge.verbs.inspect import inspect


def points(*pairs: tuple[object, object]) -> str:
    inner = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in pairs)
    return f"<polygon>{inner}</polygon>"


TRIANGLE = points((1, 2), (9, 2), (1, 6))


def thing(inner: str, name: str = "cat") -> str:
    return f"<object><name>{name}</name>{inner}</object>"


def document(*things: str, name: str = "a.jpg", folder: str = "", size: str = "") -> str:
    return (
        f"<annotation><filename>{name}</filename><folder>{folder}</folder>"
        f"<source><sourceImage>x</sourceImage></source>{size}{''.join(things)}</annotation>"
    )


def read(folder: Path, *things: str, **options: Any) -> driver.Read:
    if things:
        picture(folder / "a.jpg")
        write(folder / "a.xml", document(*things))
    format_ = get_format("labelmexml")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


# Shapes ------------------------------------------------------------------------------------------


def test_a_bounding_box_is_a_box(tmp_path: Path) -> None:
    corners = points((30, 40), (10, 40), (10, 12), (30, 12))
    found = read(tmp_path, thing(corners + "<type> bounding_box </type>")).instance
    assert (found.box, found.area, found.shape) == ((10, 12, 30, 40), 560, None)


def test_numbers_may_have_space_around_them(tmp_path: Path) -> None:
    found = read(tmp_path, thing(points(("\n1\n", " 2 "), ("9.5", 2), (1, "6\n")))).instance
    assert (found.area, found.shape) == (17, Polygons(((1, 2, 9.5, 2, 1, 6),)))


def test_points_and_lines_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, thing(points((1, 2))), thing(points((1, 2), (3, 4))), thing(TRIANGLE))
    assert len(found.image.instances) == 1
    assert [(one.code, one.lost) for one in found.findings] == [("skipped-shape", 1)] * 2


@pytest.mark.parametrize(
    "inner",
    ["", points(), points((1, 2), (3, 4), (5, "")), points((1, 2), (3, 4), (5, "9" * 50)),
     points((1, 2), (3, 4), (5, "inf")), "<polygon><t>0,1</t><x>1,2</x></polygon>",
     "<segm><mask>no.png</mask></segm>", "<segm/>",
     "<segm><box><xmin>x</xmin></box><mask>no.png</mask></segm>"],
)  # fmt: skip
def test_what_cannot_be_read_costs_itself_alone(tmp_path: Path, inner: str) -> None:
    found = read(tmp_path, thing(inner), thing(TRIANGLE))
    assert [(one.code, one.lost) for one in found.findings] == [("bad-entry", 1)]
    assert len(found.image.instances) == 1


def test_deleted_objects_are_left_out_and_counted_over_all_files(tmp_path: Path) -> None:
    gone = thing(f"<deleted>\n1\n</deleted>{TRIANGLE}")
    for name, things in (("a", [gone, thing(TRIANGLE)]), ("b", [gone, gone]), ("c", [])):
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.xml", document(*things, name=f"{name}.jpg"))
    found = read(tmp_path)
    assert [len(one.instances) for one in found.images] == [1, 0, 0]
    told = found.finding("deleted-object")
    assert (told.file, told.count, told.lost) == ("a.xml", 3, 0)
    assert told.message.startswith("3 objects")


# Masks -------------------------------------------------------------------------------------------

BOX = "<box><xmin>10</xmin><ymin>20</ymin><xmax>13</xmax><ymax>22</ymax></box>"
SEGM = f"<segm>{BOX}<mask>a_mask_0.png</mask></segm>"
BLOCK = np.zeros((48, 64), np.uint8)
BLOCK[20:22, 10:13] = 1


def saved(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    "pixels",
    [
        BLOCK,
        np.dstack([BLOCK * 9, BLOCK, BLOCK]),
        np.dstack([BLOCK * 255, BLOCK * 203, BLOCK * 0, BLOCK * 153]),
        np.dstack([BLOCK * 0, BLOCK * 0, BLOCK * 0, BLOCK * 255]),  # black, and not transparent
        np.ones((2, 3), np.uint8),  # of the size of the box
    ],
)
def test_a_mask_is_what_is_neither_transparent_nor_black(tmp_path: Path, pixels: Any) -> None:
    saved(tmp_path / "Masks" / "a_mask_0.png", pixels)
    found = read(tmp_path, thing(SEGM)).instance
    assert isinstance(found.shape, Mask)
    assert (found.box, found.area) == ((10, 20, 13, 22), 6)


def test_a_mask_of_colours_from_a_palette(tmp_path: Path) -> None:
    image = PILImage.fromarray(BLOCK).convert("P")
    image.putpalette([0, 0, 0, 0, 255, 0])
    (tmp_path / "Masks").mkdir()
    image.save(tmp_path / "Masks" / "a_mask_0.png")
    assert read(tmp_path, thing(SEGM)).instance.area == 6


@pytest.mark.parametrize(
    "folder", ["Masks", "Masks/users/x", "Annotations/users/x", "Annotations/users/x/Masks"]
)
def test_where_masks_are(tmp_path: Path, folder: str) -> None:
    picture(tmp_path / "Images/users/x/a.jpg")
    write(tmp_path / "Annotations/users/x/a.xml", document(thing(SEGM), folder="users/x"))
    saved(tmp_path / folder / "a_mask_0.png", BLOCK)
    found = read(tmp_path)
    assert (found.image.file_name, found.instance.area) == ("Images/users/x/a.jpg", 6)
    assert found.codes == []


def test_without_its_file_a_mask_is_its_box(tmp_path: Path) -> None:
    found = read(tmp_path, thing(SEGM))
    assert (found.instance.box, found.instance.area) == ((10, 20, 13, 22), 6)
    assert found.instance.shape is None
    assert found.codes == ["mask-missing"]


@pytest.mark.parametrize("pixels", [np.zeros((48, 64), np.uint8), np.ones((9, 9), np.uint8)])
def test_a_mask_of_nothing_or_of_another_size(tmp_path: Path, pixels: Any) -> None:
    saved(tmp_path / "Masks" / "a_mask_0.png", pixels)
    found = read(tmp_path, thing(SEGM), thing(TRIANGLE))
    assert [(one.code, one.lost) for one in found.findings] == [("bad-entry", 1)]


def test_a_mask_that_is_no_image_or_a_link_out_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "in" / "Masks" / "a_mask_0.png", b"x")
    found = read(tmp_path / "in", thing(SEGM), thing(TRIANGLE))
    assert found.codes == ["bad-entry"]
    saved(tmp_path / "out.png", BLOCK)
    (tmp_path / "in" / "Masks" / "a_mask_0.png").unlink()
    (tmp_path / "in" / "Masks" / "a_mask_0.png").symlink_to(tmp_path / "out.png")
    found = read(tmp_path / "in", thing(SEGM), thing(TRIANGLE))
    assert "bad-entry" in found.codes
    said = found.finding("bad-entry")
    assert said.message == (
        "the mask Masks/a_mask_0.png cannot be opened: is a link that leads out of the folder; "
        "--follow-links follows it"
    )
    assert (said.remedy, said.lost) == ("restore the file, or make it readable", 1)


# What is said of objects -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("", {}),
        ("red, two doors", {"red": True, "two doors": True}),
        ("a=1, b=-2.5, c=x y, d=True, e=false", {"a": 1, "b": -2.5, "c": "x y", "d": True,
                                                "e": False}),
        ('a="1", b=007, c=1e3, d="x, y"', {"a": "1", "b": "007", "c": "1e3", 'y"': True,
                                           "d": '"x'}),
        (r"a\=b=c\,d\"e\\f", {"a=b": 'c,d"e\\f'}),
        ("=x, , a=", {"a": ""}),
        (f"a={'9' * 30}", {"a": "9" * 30}),
    ],
)  # fmt: skip
def test_attributes(tmp_path: Path, text: str, attributes: dict[str, Any]) -> None:
    inner = f"<attributes>\n{text}\n</attributes><occluded>no</occluded><verified>0</verified>"
    assert read(tmp_path, thing(inner + TRIANGLE)).instance.attributes == attributes


def test_parts_are_kept_as_attributes(tmp_path: Path) -> None:
    def parts(number: int, has: str, of: str) -> str:
        inner = f"<hasparts>{has}</hasparts><ispartof>{of}</ispartof>"
        return f"<id>{number}</id><parts>{inner}</parts>{TRIANGLE}"

    things = (parts(0, "1, 2", ""), parts(1, "", "0"), parts(2, "", "0"), parts(3, "", ""))
    found = read(tmp_path, *map(thing, things)).image.instances
    assert [one.attributes for one in found] == [
        {"id": 0, "has_parts": [1, 2]}, {"id": 1, "part_of": [0]}, {"id": 2, "part_of": [0]}, {},
    ]  # fmt: skip


# Images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["\na.jpg\n", " a.jpg ", "\n    a.jpg\n  ", "", "a"])
def test_space_around_the_name_of_an_image(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "Images" / "x" / "a.jpg")
    write(tmp_path / "Annotations" / "x" / "a.xml", document(name=name, folder="\nx\n"))
    found = read(tmp_path)
    assert (found.image.file_name, found.codes) == ("Images/x/a.jpg", [])


@pytest.mark.parametrize(
    "size", ["", "<imagesize/>", "<imagesize><nrows>x</nrows><ncols>64</ncols></imagesize>"]
)
def test_a_size_that_is_not_stated_is_that_of_the_image(tmp_path: Path, size: str) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.xml", document(thing(TRIANGLE), size=size))
    assert (read(tmp_path).image.width, read(tmp_path).image.height) == (64, 48)
    (tmp_path / "a.jpg").unlink()
    assert read(tmp_path).finding("image-missing").lost == 1


def test_a_file_that_is_older_than_its_name(tmp_path: Path) -> None:
    picture(tmp_path / "Images" / "b.jpg")
    write(tmp_path / "Annotations" / "b.xml", document(name="../../etc/b.jpg"))
    found = read(tmp_path)
    assert (found.image.file_name, found.codes) == ("Images/b.jpg", ["path-leaves-root"])
    assert found.finding("path-leaves-root").severity == "warning"


def test_too_many_objects_are_refused_before_they_are_parsed(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", document(*[thing(TRIANGLE)] * 50_001))
    assert read(tmp_path).finding("too-many-objects").lost == 50_001


def test_entities_are_not_read(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "x")
    entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]>'
    write(tmp_path / "in" / "a.xml", entity + document(thing(TRIANGLE, "&x;")))
    found = read(tmp_path / "in")
    assert (found.images, found.codes) == ([], ["unreadable-xml"])


# Beside VOC --------------------------------------------------------------------------------------


def test_voc_is_not_taken_for_it_nor_the_other_way(tmp_path: Path) -> None:
    box = voc_object("cat", (1, 2, 9, 8))
    plain_picture(tmp_path / "voc" / "a.jpg")
    files = {
        "a": voc_xml(box),
        "b": voc_xml(),
        "c": voc_xml(box.replace("</object>", f"<deleted>0</deleted>{TRIANGLE}</object>")),
        "d": "<annotation><filename>d.jpg</filename><folder>x</folder></annotation>",
    }
    for name, text in files.items():
        write(tmp_path / "voc" / f"{name}.xml", text)
    assert guess_format(Root(tmp_path / "voc")) == "voc"
    assert inspect(str(tmp_path / "voc")).foreign == []
    # Asked to, all the same, it reads none of VOC's; the last could be of either.
    found = read(tmp_path / "voc")
    assert (found.images, found.codes) == ([], ["image-missing", "not-of-this-format"])
    picture(tmp_path / "mit" / "a.jpg")
    for name, things in (
        ("a", [thing(TRIANGLE)]),
        ("b", []),
        ("c", [thing("<deleted>1</deleted>")]),
    ):
        write(tmp_path / "mit" / f"{name}.xml", document(*things))
    assert guess_format(Root(tmp_path / "mit")) == "labelmexml"
