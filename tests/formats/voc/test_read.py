"""Pascal VOC and its relatives, rule by rule of FORMATS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from helpers import REAL, WIDTH, picture, read_voc, voc_object, voc_xml, write

from dataforge.datasets import find_voc_layout
from dataforge.errors import InputError
from dataforge.findings import Edit, Place, Reorder
from dataforge.formats import Context
from dataforge.formats.voc import FORMAT, annotations_of_splits, listed_ids
from dataforge.formats.voc.files import image_index
from dataforge.geometry import Coords
from dataforge.io import Root
from dataforge.layouts import Layout
from dataforge.records import Box
from dataforge.testing import driver

BOX = (10, 12, 30, 40)
ZERO = Layout(images="I", annotations="A", coords="zero")


def one(folder: Path, content: str | bytes, image: str = "I/a.jpg") -> Path:
    """A dataset of one image of 64 x 48."""
    write(folder / "A" / "a.xml", content)
    picture(folder / image)
    return folder


def test_a_plain_file(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", BOX), voc_object("dog", (1, 2, 3, 5)), filename="a.jpg")
    read = read_voc(one(tmp_path, xml), ZERO)
    assert read.findings == []
    image = read.image
    assert (image.file_name, image.width, image.height) == ("I/a.jpg", 64, 48)
    assert (image.source, image.split) == ("A/a.xml", None)
    cat, dog = image.instances
    assert (cat.label, cat.box, cat.area) == ("cat", (10, 12, 30, 40), 560)  # 20 * 28
    assert (dog.label, dog.box, dog.area) == ("dog", (1, 2, 3, 5), 6)  # 2 * 3
    assert cat.shape is None
    # line 1 <annotation>, 2 <filename>, 3 <size>, 4 the first object
    assert [cat.place, dog.place] == [
        Place("A/a.xml", "object[0]", 4),
        Place("A/a.xml", "object[1]", 5),
    ]


# Coordinates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coords", "box"),
    [("voc", (9, 11, 30, 40)), ("mmdet", (9, 11, 29, 39)), ("zero", (10, 12, 30, 40))],
)
def test_each_convention(tmp_path: Path, coords: Coords, box: Box) -> None:
    read = read_voc(one(tmp_path, voc_xml(voc_object("cat", BOX))), ZERO, coords=coords)
    assert read.instance.box == box
    assert read.codes == []


@pytest.mark.parametrize(
    ("other", "decided", "said"),
    [
        ((0, 5, 9, 9), "zero", "1 of 2 boxes begins at 0"),
        ((1, 1, WIDTH, 20), "voc", "1 ends exactly"),
        ((1, 1, 20, 20), "mmdet", "mmdet is this layout's default"),
    ],
)
def test_auto_reports_the_chosen_convention(
    tmp_path: Path, other: tuple[int, ...], decided: Coords, said: str
) -> None:
    """The evidence may be in another file than the box."""
    layout = Layout(images="I", annotations="A", coords="auto", coords_default="mmdet")
    one(tmp_path, voc_xml(voc_object("cat", BOX)))
    write(tmp_path / "A" / "b.xml", voc_xml(voc_object("cat", other)))
    picture(tmp_path / "I" / "b.jpg")
    read = read_voc(tmp_path, layout)
    edges = {"voc": (9, 11, 30, 40), "mmdet": (9, 11, 29, 39), "zero": (10, 12, 30, 40)}
    assert read.images[0].instances[0].box == edges[decided]
    finding = read.finding("coords")
    assert finding.severity == "note"
    assert said in finding.message


def test_the_decision_is_the_convention_and_why(tmp_path: Path) -> None:
    """Used by inspect and register; a declared convention needs no evidence."""
    one(tmp_path, voc_xml(voc_object("cat", BOX)))
    reader = driver.reader_of(FORMAT)
    layout = Layout(images="I", annotations="A", coords_default="voc")

    def reading(layout: Layout, **options: Any) -> Any:
        context = Context(resolver=driver.AnyLabel(), layout=layout)  # type: ignore[arg-type]
        return reader.open(Root(tmp_path), reader.Options(**options), context)

    coords, reason, *_ = reading(layout).decide({"coords": [[2, 0, 1], [1, 0, 0]]})
    assert coords == "voc"
    assert reason.startswith("no box of 3 begins at 0 and 1 ends exactly")
    assert reading(layout, coords="mmdet").decide({})[:2] == ["mmdet", "as declared"]
    assert reading(layout, verify_images=False).decides
    assert reading(layout, coords="zero").decides  # an image of the sample may have another size
    assert not reading(layout, coords="zero", verify_images=False).decides


def test_unlisted_files_count_as_convention_evidence(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat", BOX)))
    write(tmp_path / "A" / "b.xml", voc_xml(voc_object("cat", (0, 5, 9, 9))))
    write(tmp_path / "A" / "c.xml", "<annotation>")
    write(tmp_path / "t.txt", "a\n")
    layout = Layout(images="I", annotations="A", coords_default="voc", splits={"train": "t.txt"})
    read = read_voc(tmp_path, layout)
    assert read.instance.box == BOX
    assert read.codes == ["coords", "annotation-not-listed"]
    assert "1 of 2 boxes begins at 0" in read.findings[0].message


@pytest.mark.parametrize("coords", ["auto", "zero"])
def test_each_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coords: Literal["auto", "zero"]
) -> None:
    for id_ in "abc":
        write(tmp_path / "A" / f"{id_}.xml", voc_xml(voc_object("cat", BOX), size=(48, 64)))
        picture(tmp_path / "I" / f"{id_}.jpg")
    write(tmp_path / "t.txt", "a\nb\n")
    layout = Layout(images="I", annotations="A", coords=coords, splits={"train": "t.txt"})
    opened = []
    read_bytes = Root.read_bytes

    def counted(self: Root, name: str, limit: int | None = None) -> bytes:
        opened.append(name)
        return read_bytes(self, name, limit)

    monkeypatch.setattr(Root, "read_bytes", counted)
    read = read_voc(tmp_path, layout)
    assert [finding.file for finding in read.findings if finding.code == "swapped-size"] == [
        "A/a.xml",
        "A/b.xml",
    ]
    unlisted = ["A/c.xml"] if coords == "auto" else []
    assert [name for name in opened if name.endswith(".xml")] == ["A/a.xml", "A/b.xml", *unlisted]


def test_floats_are_kept(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", ("10.25", " 12.5\n", "3.05e1", "40")))
    assert read_voc(one(tmp_path, xml), ZERO).instance.box == (10.25, 12.5, 30.5, 40)


def test_bad_boxes_are_kept_unchanged(tmp_path: Path) -> None:
    boxes = [(-5, -5, 70, 50), (10, 10, 10, 20), (100, 100, 120, 120)]
    xml = voc_xml(*(voc_object("cat", box) for box in boxes))
    image = read_voc(one(tmp_path, xml), ZERO).image
    assert [instance.box for instance in image.instances] == boxes
    assert [instance.area for instance in image.instances] == [75 * 55, 0, 400]


def test_reversed_corners_are_put_in_order_with_a_finding(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat", (30, 12, 10, 40)), filename="a.jpg"))
    for coords, box in (("zero", (10, 12, 30, 40)), ("voc", (9, 11, 30, 40))):
        read = read_voc(tmp_path, ZERO, coords=coords)
        assert read.instance.box == box
        finding = read.finding("reversed-box")
        assert (finding.file, finding.where) == ("A/a.xml", "line 4")
        assert (finding.severity, finding.lost) == ("warning", 0)
        assert finding.place.pointer == "object[0]/bndbox"
        assert finding.edits == (Edit(read.instance.place, Reorder()),)
        assert read.instance.extra == {"voc": {"bbox": [30, 12, 10, 40]}}
        assert "(30, 12, 10, 40)" in finding.message


@pytest.mark.parametrize(
    ("coords", "box"),
    [("zero", (9.5, 12, 10, 40)), ("mmdet", (8.5, 11, 9, 39)), ("voc", (9, 11, 9.5, 40))],
)
@pytest.mark.parametrize("auto", [True, False])
def test_corners_that_are_reversed_in_some_conventions_alone(
    tmp_path: Path, coords: Coords, box: Box, auto: bool
) -> None:
    """In VOC's own a box from 10 to 9.5 is half a pixel wide."""
    bounds = (10, 12, 9.5, 40)
    one(tmp_path, voc_xml(voc_object("cat", bounds), voc_object("cat", (8, 1, 2, 9))))
    layout = Layout(images="I", annotations="A", coords_default=coords)
    read = read_voc(tmp_path, layout, coords=None if auto else coords)
    narrow, wide = read.image.instances
    assert narrow.box == box
    assert narrow.area == (box[2] - box[0]) * (box[3] - box[1])
    found = [finding.where for finding in read.findings if finding.code == "reversed-box"]
    assert sorted(found) == ["line 4"] if coords == "voc" else ["line 3", "line 4"]
    assert narrow.extra == ({} if coords == "voc" else {"voc": {"bbox": [*bounds]}})
    assert wide.extra == {"voc": {"bbox": [8, 1, 2, 9]}}


# Objects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (voc_object("cat", None), "object without a bndbox"),
        (voc_object(None, BOX), "object without a name"),
        (voc_object("  ", BOX), "object without a name"),
        (voc_object("cat", ("x", 1, 2, 3)), "bndbox/xmin: expected a number, got 'x'"),
        (voc_object("cat", (1, 2, "", 3)), "bndbox/xmax: expected a number, got ''"),
        (voc_object("cat", (1, 2, 3, "nan")), "bndbox/ymax: expected a number, got 'nan'"),
        (voc_object("cat", (1, "inf", 3, 4)), "bndbox/ymin: expected a number, got 'inf'"),
        ("<object><name>cat</name><bndbox/></object>", "bndbox/xmin: expected a number"),
    ],
)
def test_a_bad_object_is_located_and_the_others_are_read(
    tmp_path: Path, bad: str, said: str
) -> None:
    xml = voc_xml(voc_object("dog", BOX), bad, voc_object("cow", BOX))
    read = read_voc(one(tmp_path, xml), ZERO)
    assert [instance.label for instance in read.image.instances] == ["dog", "cow"]
    finding = read.finding("bad-object")
    # line 1 <annotation>, 2 <size>, 3 dog, 4 the bad one
    assert (finding.file, finding.where, finding.lost) == ("A/a.xml", "line 4", 1)
    assert said in finding.message
    assert finding.severity == "error"


def test_names_are_stripped_and_otherwise_as_written(tmp_path: Path) -> None:
    xml = voc_xml(voc_object(" Cat \n", BOX), voc_object("人 物", BOX))
    labels = [instance.label for instance in read_voc(one(tmp_path, xml), ZERO).image.instances]
    assert labels == ["Cat", "人 物"]


@pytest.mark.parametrize(
    ("text", "difficult", "odd"),
    [
        (None, False, False),
        ("", False, False),
        ("0", False, False),
        (" 1 ", True, False),
        ("Unspecified", False, False),
        ("true", True, False),
        ("False", False, False),
        ("2", False, True),
        ("maybe", False, True),
    ],
)
def test_spellings_of_difficult(
    tmp_path: Path, text: str | None, difficult: bool, odd: bool
) -> None:
    tags = {} if text is None else {"difficult": text}
    read = read_voc(one(tmp_path, voc_xml(voc_object("cat", BOX, **tags))), ZERO)
    assert read.instance.difficult is difficult
    assert read.instance.iscrowd is False
    assert read.codes == (["odd-difficult"] if odd else [])
    if odd:
        assert read.findings[0].where == "line 3"


@pytest.mark.parametrize(
    ("policy", "labels", "crowd", "lost"),
    [
        ("keep", ["cat", "dog"], False, 0),
        ("ignore", ["cat", "dog"], True, 0),
        ("drop", ["dog"], False, 1),
    ],
)
def test_the_difficult_policy(
    tmp_path: Path,
    policy: Literal["keep", "ignore", "drop"],
    labels: list[str],
    crowd: bool,
    lost: int,
) -> None:
    xml = voc_xml(voc_object("cat", BOX, difficult="1"), voc_object("dog", BOX))
    read = read_voc(one(tmp_path, xml), ZERO, difficult=policy)
    assert [instance.label for instance in read.image.instances] == labels
    assert read.image.instances[0].iscrowd is crowd
    assert sum(finding.lost for finding in read.findings) == lost


def test_parts_and_polygons_inside_are_counted(tmp_path: Path) -> None:
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    item = voc_object("person", BOX).replace("</object>", f"{part}{part}<polygon/></object>")
    read = read_voc(one(tmp_path, voc_xml(item)), ZERO)
    assert read.instance.label == "person"
    assert "3 <part> or <polygon> elements inside" in read.finding("parts-not-read").message


def test_additional_tags_are_kept(tmp_path: Path) -> None:
    item = voc_object("cat", BOX, pose="Left", truncated="1", occluded="0")
    plain = voc_object("cat", BOX, pose="Unspecified", truncated="0")
    image = read_voc(one(tmp_path, voc_xml(item, plain)), ZERO).image
    assert image.instances[0].attributes == {"pose": "Left", "truncated": True}
    assert image.instances[1].attributes == {}


def test_attributes_of_cvat_are_kept(tmp_path: Path) -> None:
    pairs = (("color", " red "), ("note", ""), ("truncated", "true"))
    said = "".join(
        f"<attribute><name>{name}</name><value>{value}</value></attribute>" for name, value in pairs
    )
    item = voc_object("car", (1, 2, 3, 4), truncated="1", attributes=said)
    instance = read_voc(one(tmp_path, voc_xml(item)), ZERO).instance
    assert instance.attributes == {"truncated": True, "color": "red"}
    assert instance.extra == {}


def test_unknown_tags_become_extra_keys(tmp_path: Path) -> None:
    item = voc_object("car", (1, 2, 3, 4), id="7", actions="<jumping>1</jumping>", deleted="")
    xml = voc_xml(item).replace("<object>", "<source>x</source><weather>fog</weather><object>", 1)
    image = read_voc(one(tmp_path, xml), ZERO).image
    assert image.extra == {"voc": {"weather": "fog"}}
    assert image.instances[0].extra == {"voc": {"id": "7", "actions": "1"}}


def test_file_without_objects_gives_an_unannotated_image(tmp_path: Path) -> None:
    assert read_voc(one(tmp_path, voc_xml()), ZERO).image.instances == ()


# Size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [None, (0, 0), (0, 48), ("", ""), ("x", 48), (-64, -48), ("63.5", 48), ("nan", 48),
             (10**6, 10**6)]
)  # fmt: skip
def test_invalid_size_is_read_from_the_header(
    tmp_path: Path, size: tuple[object, object] | None
) -> None:
    image = read_voc(one(tmp_path, voc_xml(voc_object("cat", BOX), size=size)), ZERO).image
    assert (image.width, image.height) == (64, 48)


def test_a_size_with_a_point_is_a_size(tmp_path: Path) -> None:
    write(tmp_path / "I" / "a.jpg", b"no image: its header must not be needed")
    write(tmp_path / "A" / "a.xml", voc_xml(voc_object("cat", BOX), size=("64.0", "48.0")))
    image = read_voc(tmp_path, ZERO).image
    assert (image.width, image.height) == (64, 48)


def test_no_size_and_no_image_to_measure(tmp_path: Path) -> None:
    write(tmp_path / "I" / "a.jpg", b"no image")
    xml = voc_xml(voc_object("cat", BOX), voc_object("cat", BOX), size=None)
    write(tmp_path / "A" / "a.xml", xml)
    read = read_voc(tmp_path, ZERO)
    assert read.images == []
    assert read.codes == ["unreadable-image", "image-not-usable"]
    assert read.finding("image-not-usable").lost == 2


def test_swapped_sizes_are_found_where_all_boxes_are_inside_both_frames(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / "A" / f"{name}.xml", voc_xml(voc_object("cat", BOX), size=(48, 64)))
        picture(tmp_path / "I" / f"{name}.jpg", (64, 48))
    read = read_voc(tmp_path, ZERO)
    assert [(f.code, f.severity, f.file, f.where) for f in read.findings] == [
        ("swapped-size", "error", f"A/{name}.xml", "size") for name in "abc"
    ]
    assert "48x64 pixels, but I/a.jpg is displayed at 64x48: width and height are swapped" in str(
        read.findings[0]
    )
    assert [len(image.instances) for image in read.images] == [1, 1, 1]


def test_mismatch_in_the_sample_triggers_full_size_comparison(tmp_path: Path) -> None:
    """The 51st file is in the sample; the 8th is not, nor is the 10th, but its box tells of it."""
    for number in range(52):
        box = (10, 12, 60, 40) if number == 9 else BOX
        size = (48, 64) if number in (7, 9, 50) else (64, 48)
        write(tmp_path / "A" / f"{number:02}.xml", voc_xml(voc_object("cat", box), size=size))
        picture(tmp_path / "I" / f"{number:02}.jpg", (64, 48))
    files = [finding.file for finding in read_voc(tmp_path, ZERO).findings]
    assert files == ["A/07.xml", "A/09.xml", "A/50.xml"]
    assert read_voc(tmp_path, ZERO, verify_images=False).findings == []
    (tmp_path / "A" / "50.xml").unlink()
    assert [finding.file for finding in read_voc(tmp_path, ZERO).findings] == ["A/09.xml"]


# Images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.JPG", "a.jpeg", "a.png", "a.bmp", "a.tif", "a.TIFF", "a.webp"]
)
def test_images_are_found_by_stem(tmp_path: Path, name: str) -> None:
    write(tmp_path / "A" / "a.xml", voc_xml(voc_object("cat", BOX), filename="a.jpg"))
    write(tmp_path / "I" / name)
    read = read_voc(tmp_path, ZERO)
    assert read.image.file_name == f"I/{name}"
    assert read.findings == []


def test_the_first_extension_of_the_layout_wins(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat", BOX)))
    picture(tmp_path / "I" / "a.png")
    assert read_voc(tmp_path, ZERO).image.file_name == "I/a.jpg"
    layout = Layout(images="I", annotations="A", coords="zero", extensions=(".png", ".jpg"))
    assert read_voc(tmp_path, layout).image.file_name == "I/a.png"


def test_nested_ids(tmp_path: Path) -> None:
    for camera, label in (("cam1", "cat"), ("cam2", "dog")):
        write(tmp_path / "A" / camera / "a.b.xml", voc_xml(voc_object(label, BOX)))
        picture(tmp_path / "I" / camera / "a.b.jpg")
    read = read_voc(tmp_path)
    assert [(image.file_name, image.instances[0].label) for image in read.images] == [
        ("I/cam1/a.b.jpg", "cat"),
        ("I/cam2/a.b.jpg", "dog"),
    ]


@pytest.mark.parametrize("filename", ["a", "a.jpg", "a.png", "x\\y\\a.jpg", "/home/me/a.jpg", ""])
def test_matching_filename_has_no_finding(tmp_path: Path, filename: str) -> None:
    read = read_voc(one(tmp_path, voc_xml(voc_object("cat", BOX), filename=filename)), ZERO)
    assert read.image.file_name == "I/a.jpg"
    assert read.findings == []


@pytest.mark.parametrize("filename", ["a.b", "a.b.jpg"])
def test_matching_dotted_filename_has_no_finding(tmp_path: Path, filename: str) -> None:
    write(tmp_path / "A" / "a.b.xml", voc_xml(voc_object("cat", BOX), filename=filename))
    picture(tmp_path / "I" / "a.b.jpg")
    assert read_voc(tmp_path, ZERO).findings == []


def test_mismatching_filename_is_a_finding_or_is_used(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat", BOX), filename="b.jpg"))
    picture(tmp_path / "I" / "b.jpg")
    read = read_voc(tmp_path, ZERO)
    assert read.image.file_name == "I/a.jpg"
    assert read.codes == ["filename-disagrees"]
    by_name = Layout(images="I", annotations="A", coords="zero", lookup="filename")
    read = read_voc(tmp_path, by_name)
    assert read.image.file_name == "I/b.jpg"
    assert read.codes == []


def test_filename_is_the_fallback_if_no_image_has_the_id(tmp_path: Path) -> None:
    one(tmp_path, voc_xml(voc_object("cat", BOX), filename="b"), image="I/b.png")
    assert read_voc(tmp_path, ZERO).image.file_name == "I/b.png"


@pytest.mark.parametrize("filename", ["../../secret.jpg", "/secret.jpg", "C:\\secret.jpg"])
def test_filename_never_escapes_the_folder(tmp_path: Path, filename: str) -> None:
    picture(tmp_path / "secret.jpg")
    picture(tmp_path / "d" / "I" / "other.jpg")
    write(tmp_path / "d" / "A" / "a.xml", voc_xml(voc_object("cat", BOX), filename=filename))
    layout = Layout(images="I", annotations="A", coords="zero", lookup="filename")
    read = read_voc(tmp_path / "d", layout, missing_images="skip")
    assert read.images == []
    assert "image-missing" in read.codes


def test_missing_image(tmp_path: Path) -> None:
    write(tmp_path / "A" / "a.xml", voc_xml(voc_object("cat", BOX), voc_object("dog", BOX)))
    kept = read_voc(tmp_path, ZERO)
    assert kept.image.file_name == "I/a.jpg"
    assert len(kept.image.instances) == 2
    assert kept.codes == ["image-missing"]
    skipped = read_voc(tmp_path, ZERO, missing_images="skip")
    assert skipped.images == []
    assert sum(finding.lost for finding in skipped.findings) == 2


# Splits ----------------------------------------------------------------------------------------


def test_splits_are_read_in_the_order_of_their_lists(tmp_path: Path) -> None:
    for id_ in "abcd":
        write(tmp_path / "A" / f"{id_}.xml", voc_xml(voc_object("cat", BOX)))
        picture(tmp_path / "I" / f"{id_}.jpg")
    write(tmp_path / "t.txt", "c.jpg\r\n\r\nI/a \r\nx\r\n")
    write(tmp_path / "v.txt", "b 1\nd -1\n")
    layout = Layout(
        images="I", annotations="A", coords="zero", splits={"train": "t.txt", "val": "v.txt"}
    )
    read = read_voc(tmp_path, layout)
    assert [(image.split, image.source) for image in read.images] == [
        ("train", "A/c.xml"),
        ("train", "A/a.xml"),
        ("val", "A/b.xml"),
    ]
    missing = read.finding("annotation-missing")
    assert (missing.file, missing.where, missing.severity) == ("t.txt", "x", "error")
    rest = read.finding("annotation-not-listed")
    assert (rest.file, rest.severity) == ("A/d.xml", "note")
    assert rest.message.startswith("1 XML file in no split")


def test_missing_split_file(tmp_path: Path) -> None:
    one(tmp_path, voc_xml())
    layout = Layout(images="I", annotations="A", splits={"train": "gone.txt"})
    with pytest.raises(InputError, match=r"gone\.txt"):
        read_voc(tmp_path, layout)


def test_a_folder_for_each_split(tmp_path: Path) -> None:
    for folder, id_ in (("train", "a"), ("valid", "b"), ("test", "a")):
        write(tmp_path / folder / f"{id_}.xml", voc_xml(voc_object("cat", BOX)))
        picture(tmp_path / folder / f"{id_}.jpg")
    read = read_voc(tmp_path)
    assert [(image.split, image.file_name) for image in read.images] == [
        ("train", "train/a.jpg"),
        ("val", "valid/b.jpg"),
        ("test", "test/a.jpg"),
    ]


def test_xml_files_outside_the_layout_are_reported(tmp_path: Path) -> None:
    """Two cameras, each with folders of its own and other names: one pair of folders is taken."""
    for images, xmls in (("cam1/img", "cam1/xml"), ("cam2/photos", "cam2/labels")):
        write(tmp_path / xmls / "a.xml", voc_xml(voc_object("cat", BOX)))
        picture(tmp_path / images / "a.jpg")
    read = read_voc(tmp_path)
    assert [image.source for image in read.images] == ["cam1/xml/a.xml"]
    finding = read.finding("annotation-outside-layout")
    assert finding.file == "cam2/labels/a.xml"
    assert finding.severity == "warning"
    assert finding.message.startswith("1 XML file outside")


def test_listed_ids_and_image_index_agree(tmp_path: Path) -> None:
    one(tmp_path, voc_xml())
    root = Root(tmp_path)
    layout = find_voc_layout(root).layout
    assert listed_ids(root, layout, annotations_of_splits(root, layout)) == {None: ["a"]}
    assert image_index(root, layout, None) == {"a": "I/a.jpg"}


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "where", "said"),
    [
        (voc_xml(voc_object("cat", BOX))[:-15], "line 3", ""),
        ("", "", "is empty"),
        ("<annotation>\n<object>\n</annotation>", "line 3", "mismatch"),
        ('<!DOCTYPE a [<!ENTITY x "boo">]><annotation>&x;</annotation>', "", "entities"),
    ],
)
def test_malformed_xml_is_located_and_the_others_are_read(
    tmp_path: Path, content: str, where: str, said: str
) -> None:
    one(tmp_path, content)
    write(tmp_path / "A" / "b.xml", voc_xml(voc_object("cat", BOX)))
    picture(tmp_path / "I" / "b.jpg")
    read = read_voc(tmp_path, ZERO)
    assert [image.source for image in read.images] == ["A/b.xml"]
    finding = read.finding("unreadable-xml")
    assert (finding.file, finding.severity, finding.where) == ("A/a.xml", "error", where)
    assert said in finding.message


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("gb2312", "gb2312"), ("GBK", "gbk"), ("utf-8", "utf-8"), ("utf-8", "gb18030")],
)
def test_names_in_chinese_encodings(tmp_path: Path, declared: str, encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{declared}"?>' + voc_xml(voc_object("人物", BOX))
    assert read_voc(one(tmp_path, xml.encode(encoding)), ZERO).instance.label == "人物"


# Tags as others write them -----------------------------------------------------------------------

TWO = (
    "<object><name>cat</name><bndbox><xmin>10</xmin><ymin>12</ymin><xmax>30</xmax><ymax>40</ymax>"
    "</bndbox><bndbox><xmin>40</xmin><ymin>12</ymin><xmax>60</xmax><ymax>40</ymax></bndbox></object>"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<annotation>", '<annotation xmlns="http://example.org/voc">'),
        ("annotation>", "Annotation>"),
        ("object>", "Object>"),
        ("bndbox>", "Bndbox>"),
        ("name>", "Name>"),
        ("xmin>", "XMin>"),
        ("size>", "Size>"),
        ("width>", "Width>"),
        ("difficult>", "Difficult>"),
    ],
)
def test_tags_in_a_namespace_or_in_capitals(tmp_path: Path, old: str, new: str) -> None:
    xml = voc_xml(voc_object("cat", BOX, difficult="1")).replace(old, new)
    write(tmp_path / "A" / "a.xml", xml)
    (tmp_path / "I").mkdir()
    read = read_voc(tmp_path, ZERO)  # without the image, only <size> says how large it is
    assert (read.image.width, read.image.height) == (64, 48)
    assert (read.instance.label, read.instance.box, read.instance.difficult) == ("cat", BOX, True)
    assert read.codes == ["image-missing", "unusual-tags"]


def test_tags_with_a_prefix(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", BOX)).replace("</", "</v:").replace("<", "<v:")
    xml = xml.replace("<v:/v:", "</v:").replace("<v:annotation>", '<v:annotation xmlns:v="x">')
    read = read_voc(one(tmp_path, xml), ZERO)
    assert read.instance.box == BOX
    assert read.codes == ["unusual-tags"]


def test_custom_keys_keep_their_capitals(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", BOX, myKey="7")).replace("object>", "Object>")
    assert read_voc(one(tmp_path, xml), ZERO).instance.extra == {"voc": {"myKey": "7"}}


def test_several_boxes_of_an_object_are_objects(tmp_path: Path) -> None:
    read = read_voc(one(tmp_path, voc_xml(TWO, voc_object("dog", (1, 2, 3, 5)))), ZERO)
    assert [(i.label, i.box) for i in read.image.instances] == [
        ("cat", BOX), ("cat", (40, 12, 60, 40)), ("dog", (1, 2, 3, 5)),
    ]  # fmt: skip
    assert len({instance.place for instance in read.image.instances}) == 3
    assert read.codes == ["several-boxes"]
    assert "1 object with several boxes" in read.findings[0].message
    assert "2 objects" in read.findings[0].message


def test_a_further_box_that_is_broken_costs_only_itself(tmp_path: Path) -> None:
    xml = voc_xml(TWO.replace("<xmax>60</xmax>", ""))
    read = read_voc(one(tmp_path, xml), ZERO)
    assert read.instance.box == BOX
    assert read.finding("bad-object").lost == 1


# What files say of their origin -------------------------------------------------------------------

LABELIMG = "<path>/home/me/a.jpg</path><source><database>Unknown</database></source>"
DEVKIT = (
    "<source><database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation>"
    "<image>flickr</image></source>"
)


@pytest.mark.parametrize(
    ("head", "bounds", "coords", "said"),
    [
        # labelImg's: it writes 1 for 0, so a box at the right edge says nothing
        (LABELIMG, (1, 20, 64, 40), "zero", "the first pixel of 1 box may be lost"),
        (LABELIMG, (10, 20, 64, 48), "zero", "1 of 1 file is labelImg's, which counts from 0"),
        # the devkit's, though no box reaches an edge, or though it has fractions
        (DEVKIT, (10, 20, 30, 40), "voc", "1 of 1 file says that it is Pascal VOC's own"),
        (DEVKIT.replace("2007", "2012"), (10.5, 20, 30.7, 40), "voc", "Pascal VOC's own"),
        # copied into files that cannot be
        (DEVKIT, (0, 20, 30, 40), "zero", "begins at 0"),
        # others say nothing of it
        ("<source><database>Unknown</database></source>", (1, 20, 64, 40), "voc", "exactly"),
        (LABELIMG.replace("Unknown", "roboflow.com"), (1, 20, 64, 40), "voc", "exactly"),
        ("", (10.25, 20.5, 64, 40), "zero", "fractions"),
        ("", (10, 20, 30, 40), "mmdet", "a guess: nothing in 1 box decides it"),
    ],
)
def test_the_origin_outweighs_the_boxes(
    tmp_path: Path, head: str, bounds: tuple[float, ...], coords: Coords, said: str
) -> None:
    xml = voc_xml(voc_object("cat", bounds)).replace("<size>", f"{head}<size>")
    layout = Layout(images="I", annotations="A", coords_default="mmdet")
    finding = read_voc(one(tmp_path, xml), layout).finding("coords")
    assert f"boxes are read as {coords!r}: " in finding.message
    assert said in finding.message


def test_most_files_decide_on_the_origin(tmp_path: Path) -> None:
    layout = Layout(images="I", annotations="A")
    for number, head in enumerate([LABELIMG, LABELIMG, DEVKIT]):
        xml = voc_xml(voc_object("cat", (1, 20, 64, 40))).replace("<size>", f"{head}<size>")
        write(tmp_path / f"A/{number}.xml", xml)
        picture(tmp_path / f"I/{number}.jpg")
    read = read_voc(tmp_path, layout)
    assert [image.instances[0].box for image in read.images] == [(1, 20, 64, 40)] * 3
    assert "2 of 3 files are labelImg's" in read.finding("coords").message


@pytest.mark.skipif(not (REAL / "bccd").is_dir(), reason="the real data are not here")
def test_bccd_is_labelimgs() -> None:
    """It has the devkit's folders, but labelImg wrote the files."""
    read = read_voc(REAL / "bccd" / "BCCD")
    assert len(read.images) == 364
    assert sum(len(image.instances) for image in read.images) == 4888
    message = read.finding("coords").message
    assert message.startswith("boxes are read as 'zero': 364 of 364 files are labelImg's")
    # BloodImage_00000.xml, its first object: 260, 177, 491, 376
    (first,) = [image for image in read.images if image.file_name.endswith("_00000.jpg")]
    assert first.instances[0].box == (260, 177, 491, 376)
