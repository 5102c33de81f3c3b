"""What `check` is told of VOC files beside their records, and the edits that fix them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import picture, voc_object, voc_xml, write

from dataforge.findings import Clip, Drop, Edit, Finding, Place, Reorder, Set
from dataforge.formats import SourceText, Text, applied
from dataforge.formats.voc import FORMAT
from dataforge.layouts import Layout
from dataforge.records import Image
from dataforge.testing import driver

BOX = (10, 12, 30, 40)
ZERO = Layout(images="I", annotations="A", coords="zero")


def strictly(folder: Path, *wanted: str, **context: Any) -> list[Finding]:
    """The findings of a strict reader."""
    context = {"layout": ZERO, "strict": True, **context}
    codes = frozenset(wanted) if wanted else None
    return [
        record
        for record in driver.read(FORMAT, folder, wanted=codes, **context)
        if isinstance(record, Finding)
    ]


def one(folder: Path, xml: str, orientation: int = 0) -> Path:
    write(folder / "A" / "a.xml", xml)
    picture(folder / "I" / "a.jpg", orientation=orientation)
    return folder


def fixed(folder: Path, findings: list[Finding]) -> str:
    """The text of a.xml after all edits."""
    data = (folder / "A" / "a.xml").read_bytes()
    return driver.edited(FORMAT, "A/a.xml", data, findings).decode()


def changed(text: str, *edits: Edit) -> str:
    """A text after some edits."""
    assert FORMAT.editor is not None
    read = Text("a.xml", text.encode())
    changes = [change for edit in edits for change in FORMAT.editor.changes(read, edit)]
    return applied(read.text, sorted(changes))


def at(index: int) -> Place:
    return Place("a.xml", f"object[{index}]")


# Findings ---------------------------------------------------------------------------------------


def test_unselected_codes_are_not_reported(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat ", BOX, difficult="true"), size=None)
    one(tmp_path, xml)
    codes = ["no-stated-size", "odd-difficult", "untidy-label"]
    assert [finding.code for finding in strictly(tmp_path)] == codes
    for code in codes:
        assert [finding.code for finding in strictly(tmp_path, code)] == [code]
    assert strictly(tmp_path, strict=False) == []


def test_difficult_values_other_readers_reject(tmp_path: Path) -> None:
    texts = ("Unspecified", "", " true ", "2", "0", " 1 ", None)
    objects = [
        voc_object("cat", BOX, **({} if text is None else {"difficult": text})) for text in texts
    ]
    bad = voc_object(None, BOX, difficult="yes")
    one(tmp_path, voc_xml(*objects, bad))
    findings = [f for f in strictly(tmp_path) if f.code == "odd-difficult"]
    assert [(f.place, f.message) for f in findings] == [
        (Place("A/a.xml", f"object[{index}]/difficult", index + 3), message)
        for index, message in (
            (3, "difficult: expected 0 or 1, got '2'; read as 0"),  # said by any reader
            (0, "difficult: expected 0 or 1, got 'Unspecified'; read as 0"),
            (1, "difficult: expected 0 or 1, got ''; read as 0"),
            (2, "difficult: expected 0 or 1, got ' true '; read as 1"),
            (7, "difficult: expected 0 or 1, got 'yes'; read as 1"),
        )
    ]
    assert [len(finding.edits) for finding in findings] == [0, 1, 1, 1, 1]
    wanted = voc_xml(*objects, bad).replace("Unspecified", "0").replace("true", "1")
    wanted = wanted.replace("><difficult></difficult>", "><difficult>0</difficult>")
    assert fixed(tmp_path, findings) == wanted.replace("yes", "1")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "<annotation>\n  <size><width>0</width><height>0</height></size>\n</annotation>",
            "<annotation>\n  <size><width>64</width><height>48</height></size>\n</annotation>",
        ),
        (
            "<annotation>\r\n\t<!-- kept -->\r\n\t<object/>\r\n</annotation>",
            "<annotation>\r\n\t<!-- kept -->\r\n\t<size>\r\n\t\t<width>64</width>\r\n\t\t"
            "<height>48</height>\r\n\t</size>\r\n\t<object/>\r\n</annotation>",
        ),
        (
            "<annotation><size><depth>3</depth></size></annotation>",
            "<annotation><size><width>64</width><height>48</height><depth>3</depth></size>"
            "</annotation>",
        ),
        (
            "<annotation><folder/></annotation>",
            "<annotation><folder/><size><width>64</width><height>48</height></size></annotation>",
        ),
    ],
)
def test_missing_size_can_be_fixed(tmp_path: Path, before: str, after: str) -> None:
    one(tmp_path, before)
    (finding,) = [f for f in strictly(tmp_path) if f.code == "no-stated-size"]
    assert finding.severity == "note"
    assert finding.place == Place("A/a.xml", "size")
    assert finding.edits == (Edit(Place("A/a.xml"), Set({"width": 64, "height": 48})),)
    assert fixed(tmp_path, [finding]) == after
    write(tmp_path / "A" / "a.xml", after)
    assert [f.code for f in strictly(tmp_path) if f.code == "no-stated-size"] == []


def test_size_of_exif_rotated_image_is_not_fixed(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(size=None), orientation=6)
    (finding,) = strictly(tmp_path)
    assert (finding.code, finding.edits) == ("no-stated-size", ())


def test_untidy_names(tmp_path: Path) -> None:
    names = ("cat ", "\n    ｄｏｇ\n  ", "a&amp;b ", "cow")
    xml = voc_xml(*(voc_object(name, BOX) for name in names))
    one(tmp_path, xml)
    findings = strictly(tmp_path)
    assert [(f.code, f.place) for f in findings] == [
        # Full-width letters wait until all names are known.
        ("untidy-label", Place("A/a.xml", "object[0]/name", 3)),
        ("untidy-label", Place("A/a.xml", "object[2]/name", 7)),
        ("untidy-label", Place("A/a.xml", "object[1]/name", 4)),
    ]
    wanted = voc_xml(*(voc_object(name, BOX) for name in ("cat", "dog", "a&amp;b", "cow")))
    assert fixed(tmp_path, findings) == wanted
    one(tmp_path, voc_xml(*(voc_object(name, BOX) for name in (*names, "dog"))))
    assert [len(finding.edits) for finding in strictly(tmp_path)] == [1, 1, 0]


def test_all_that_can_be_fixed_at_once(tmp_path: Path) -> None:
    head = '<?xml version="1.0" encoding="gb2312"?>\n<!-- 人 -->\n'
    bad = voc_object(" 车", (30, 5, 20, 9), difficult="true", note="a&gt;b")
    xml = head + voc_xml(voc_object(None, BOX), bad)
    data = xml.encode("gb2312")
    write(tmp_path / "A" / "a.xml", data)
    picture(tmp_path / "I" / "a.jpg")
    wanted = xml.replace(" 车", "车").replace("true", "1")
    wanted = wanted.replace(">30</xmin>", ">20</xmin>").replace(">20</xmax>", ">30</xmax>", 1)
    wanted = wanted.replace(voc_object(None, (10, 12, 20, 40)), voc_object(None, BOX))
    after = driver.edited(FORMAT, "A/a.xml", data, strictly(tmp_path))
    assert after.decode("gb2312") == wanted


def test_file_in_two_splits_is_reported_once(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat ", BOX)))
    write(tmp_path / "t.txt", "a\n")
    layout = Layout(
        images="I", annotations="A", coords="zero", splits={"train": "t.txt", "val": "t.txt"}
    )
    assert [finding.code for finding in strictly(tmp_path, layout=layout)] == ["untidy-label"]
    records = driver.read_all(FORMAT, tmp_path, layout=layout, keep_text=True)
    assert [type(record) for record in records] == [SourceText, Image, Image]
    (text, *_) = records
    assert text == SourceText("A/a.xml", (tmp_path / "A" / "a.xml").read_bytes())


# Edits ------------------------------------------------------------------------------------------


def test_object_is_located_by_its_number_instead_of_its_line() -> None:
    objects = [voc_object(name, BOX) for name in ("a", "b", "c")]
    text = voc_xml("".join(objects))
    assert changed(text, Edit(at(1), Drop())) == voc_xml(objects[0] + objects[2])
    own_line = voc_xml(*objects)
    assert changed(own_line, Edit(at(1), Drop())) == voc_xml(objects[0], objects[2])
    assert changed(text, Edit(at(3), Drop())) == text


@pytest.mark.parametrize(
    ("coords_box", "written"),
    [
        ((-1.5, 11, 69.5, 39), ("1", "12", "65", "40")),  # mmdet: -1 on all four
        ((-1.5, 11, 70.5, 40), ("1", "12", "64", "40")),  # voc: from 1
        ((-0.5, 12, 70.5, 40), ("0", "12", "64", "40")),  # zero
        ((5, 5, 6, 6), ("-0.5", "12", "70.5", "40")),  # in no convention
    ],
)
def test_a_clip_goes_by_the_convention_that_gives_the_box(
    coords_box: tuple[float, float, float, float], written: tuple[str, ...]
) -> None:
    text = voc_xml(voc_object("cat", ("-0.5", 12, "70.5", " 40 ")))
    after = changed(text, Edit(at(0), Clip((64, 48), coords_box)))
    assert after == voc_xml(voc_object("cat", (*written[:3], " 40 ")))


def test_clip_of_reversed_corners_keeps_their_order() -> None:
    text = voc_xml(voc_object("cat", (70, 12, 20, 40)))
    after = changed(text, Edit(at(0), Clip((64, 48), (20, 12, 70, 40))))
    assert after == voc_xml(voc_object("cat", (64, 12, 20, 40)))


def test_box_entirely_outside_is_not_clipped() -> None:
    text = voc_xml(voc_object("cat", (70, 12, 80, 40)))
    assert changed(text, Edit(at(0), Clip((64, 48), (70, 12, 80, 40)))) == text


def test_swapped_corners_keep_their_text() -> None:
    text = voc_xml(voc_object("cat", ("30.0", " 41 ", "2e1", "12")))
    assert changed(text, Edit(at(0), Reorder())) == voc_xml(
        voc_object("cat", ("2e1", " 12 ", "30.0", "41"))
    )


@pytest.mark.parametrize(
    "edit",
    [
        Edit(at(0), Set({"id": 7})),
        Edit(at(0), Set({"label": "dog", "difficult": True})),  # it has none
        Edit(at(1), Set({"label": "dog"})),  # nor this one a name
        Edit(at(1), Reorder()),
        Edit(Place("a.xml"), Set({"label": "dog"})),
        Edit(Place("a.xml"), Drop()),
    ],
)
def test_impossible_edits_change_nothing(edit: Edit) -> None:
    text = voc_xml(voc_object("cat", BOX), voc_object(None, ("x", 1, 2, 3)))
    assert changed(text, edit) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<annotation>", '<annotation xmlns="x">'),
        ("object>", "Object>"),
        ("bndbox>", "BndBox>"),
        ("<bndbox>", "<bndbox><xmin>1</xmin></bndbox><bndbox>"),  # which of the two is meant
    ],
)
def test_files_with_unusual_elements_are_not_changed(tmp_path: Path, old: str, new: str) -> None:
    xml = voc_xml(voc_object("cat", BOX)).replace(old, new)
    assert changed(xml, Edit(at(0), Drop())) == xml
    records = driver.read(FORMAT, one(tmp_path, xml), layout=ZERO)
    (image,) = [record for record in records if isinstance(record, Image)]
    assert [instance.box for instance in image.instances] == [BOX]
