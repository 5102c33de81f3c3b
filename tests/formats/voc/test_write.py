"""Writing Pascal VOC: what stands in the files, what other readers make of it, what is lost."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from helpers import Read, picture, snapshot, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.datasets import find_layout
from dataforge.findings import Finding, Place
from dataforge.formats import Numbered, WritePlan, voc
from dataforge.formats.voc import BOUNDS
from dataforge.formats.voc.write import _xml
from dataforge.geometry import Coords
from dataforge.io import Root
from dataforge.records import Box, Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import driver

WRITER = driver.writer_of(voc.FORMAT)
COORDS: tuple[Coords, ...] = ("voc", "mmdet", "zero")


def thing(label: str = "cat", box: Box = (9, 11, 30, 40), **more: Any) -> Instance:
    return Instance(label=label, box=box, area=geometry.box_area(box), **more)


def photo(*instances: Instance, name: str = "a.jpg", **more: Any) -> Image:
    return Image(
        file_name=name, width=64, height=48, instances=instances, place=Place("a.json"), **more
    )


def write_voc(
    out: Path,
    splits: dict[str, Sequence[Image]],
    classes: Sequence[str] = ("cat",),
    shard: int = 2,
    **options: Any,
) -> list[Finding]:
    header = Header(categories=tuple(Category(name=name) for name in classes))
    return driver.write(voc.FORMAT, out, splits, header, WRITER.Options(**options), shard)


def read_back(out: Path) -> Read:
    """By the layout that was written beside the files."""
    for image in [*out.rglob("Annotations/**/*.xml")]:
        below = image.relative_to(out / "Annotations").with_suffix(".jpg")
        if not (out / "JPEGImages" / below).exists():
            picture(out / "JPEGImages" / below)
    layout = find_layout("custom-voc", "", Root(out)).layout
    return Read(driver.read(voc.FORMAT, Root(out), layout=layout))


def codes(findings: list[Finding]) -> dict[str, int]:
    """Code -> shapes lost."""
    return {finding.code: finding.lost for finding in findings}


def test_complete_files(tmp_path: Path) -> None:
    image = photo(
        thing(box=(9, 11, 30, 40), attributes={"pose": "Left", "truncated": True}),
        thing("a & <b>", (0.5, 0, 64, 48), difficult=True, attributes={"occluded": False}),
        name="cam1/a.b.jpg",
    )
    assert write_voc(tmp_path, {"train": [image], "val": []}, ["cat", "a & <b>"]) == []
    files = snapshot(tmp_path)
    assert sorted(files) == [
        "Annotations/cam1/a.b.xml",
        "ImageSets/Main/train.txt",
        "ImageSets/Main/val.txt",
        "layout.toml",
    ]
    assert files["ImageSets/Main/train.txt"] == b"cam1/a.b\n"
    assert files["ImageSets/Main/val.txt"] == b""
    # 1-based, inclusive: x0 = 9 is the tenth pixel; x1 = 30 is the edge after the thirtieth
    assert files["Annotations/cam1/a.b.xml"].decode() == (
        "<annotation>\n"
        "  <folder>JPEGImages/cam1</folder>\n"
        "  <filename>a.b.jpg</filename>\n"
        "  <size>\n"
        "    <width>64</width>\n"
        "    <height>48</height>\n"
        "    <depth>3</depth>\n"
        "  </size>\n"
        "  <segmented>0</segmented>\n"
        "  <object>\n"
        "    <name>cat</name>\n"
        "    <pose>Left</pose>\n"
        "    <truncated>1</truncated>\n"
        "    <difficult>0</difficult>\n"
        "    <bndbox>\n"
        "      <xmin>10</xmin>\n"
        "      <ymin>12</ymin>\n"
        "      <xmax>30</xmax>\n"
        "      <ymax>40</ymax>\n"
        "    </bndbox>\n"
        "  </object>\n"
        "  <object>\n"
        "    <name>a &amp; &lt;b&gt;</name>\n"
        "    <pose>Unspecified</pose>\n"
        "    <truncated>0</truncated>\n"
        "    <occluded>0</occluded>\n"
        "    <difficult>1</difficult>\n"
        "    <bndbox>\n"
        "      <xmin>1.5</xmin>\n"
        "      <ymin>1</ymin>\n"
        "      <xmax>64</xmax>\n"
        "      <ymax>48</ymax>\n"
        "    </bndbox>\n"
        "  </object>\n"
        "</annotation>\n"
    )


@pytest.mark.parametrize(
    ("coords", "written"),
    [
        ("auto", ["10", "12", "30", "40"]),
        ("voc", ["10", "12", "30", "40"]),
        ("mmdet", ["10", "12", "31", "41"]),
        ("zero", ["9", "11", "30", "40"]),
    ],
)
def test_each_convention(
    tmp_path: Path, coords: Literal["auto", "voc", "mmdet", "zero"], written: list[str]
) -> None:
    write_voc(tmp_path, {"all": [photo(thing())]}, coords=coords)
    box = ET.parse(tmp_path / "Annotations" / "a.xml").find("object/bndbox")
    assert box is not None
    assert [element.text for element in box] == written
    read = read_back(tmp_path)
    assert read.instance.box == (9, 11, 30, 40)
    assert read.findings == []  # the layout says how boxes are counted


edge = st.floats(-1e6, 1e6, allow_nan=False)


@given(box=st.tuples(edge, edge, edge, edge), coords=st.sampled_from(COORDS))
def test_numbers_read_back_as_the_same_floats(box: Box, coords: Coords) -> None:
    assert geometry.edges_of_text(geometry.text_of_edges(box, coords), coords) == box


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(
        st.tuples(st.floats(-5, 30), st.floats(-5, 20), st.floats(30, 70), st.floats(20, 60)),
        max_size=4,
    ),
    coords=st.sampled_from(COORDS),
)
def test_voc_to_voc_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[Box], coords: Coords
) -> None:
    out = tmp_path_factory.mktemp("voc")
    instances = [
        thing("a", box, difficult=i % 2 == 1, attributes={"truncated": True, "pose": "Rear"})
        for i, box in enumerate(boxes)
    ]
    write_voc(out, {"train": [photo(*instances)]}, ["a"], coords=coords)
    first = read_back(out).image
    assert [(i.label, i.box, i.difficult, i.attributes) for i in first.instances] == [
        (i.label, i.box, i.difficult, i.attributes) for i in instances
    ]
    again = out / "again"
    write_voc(again, {"train": [first]}, ["a"], coords=coords)
    assert snapshot(again)["Annotations/a.xml"] == snapshot(out)["Annotations/a.xml"]


def test_arbitrary_names_round_trip(tmp_path: Path) -> None:
    labels = ["人 物", "a\tb", "<x>&'\"", "007", "ünï ¼"]
    names = ["照片 1.jpg", "a.b.c.jpg", "x 0.jpg", "deep/er/a.jpg"]
    images = [photo(*(thing(label) for label in labels), name=name) for name in names]
    assert write_voc(tmp_path, {"train": images}, labels) == []
    read = read_back(tmp_path)
    assert [image.file_name for image in read.images] == [f"JPEGImages/{name}" for name in names]
    assert [instance.label for instance in read.images[0].instances] == labels
    assert read.findings == []


def test_unused_classes_are_kept_in_order(tmp_path: Path) -> None:
    write_voc(tmp_path, {"all": [photo(thing())]}, ["zebra", "cat"])
    picture(tmp_path / "JPEGImages" / "a.jpg")
    assert find_layout("custom-voc", "", Root(tmp_path)).layout.classes == ("zebra", "cat")


def test_a_folder_of_images_is_not_put_into_another(tmp_path: Path) -> None:
    assert WRITER.image_path("train", "JPEGImages/x/a.jpg") == "JPEGImages/x/a.jpg"
    assert WRITER.image_path("train", "images/a.jpg") == "JPEGImages/a.jpg"
    assert WRITER.key("images/a.jpg") == WRITER.key("a.png") == "a"


def test_losses_are_counted(tmp_path: Path) -> None:
    mask = Mask(size_hw=(48, 64), counts="0")
    image = photo(
        thing(shape=Polygons(((9, 11, 30, 11, 30, 40),))),
        thing(shape=mask, iscrowd=True, place=Place("a.json", "$.x")),
        thing(attributes={"score": 0.5, "pose": "", "truncated": 2}, extra={"acme": {"id": 7}}),
        attributes={"flag": True},
        extra={"coco": {"license": 1, "attributes": {}}},
    )
    image = msgspec.structs.replace(
        image,
        instances=(
            *image.instances,
            msgspec.structs.replace(thing(), area=7, place=Place("a.json", "7")),
        ),
    )
    header = Header(
        categories=(Category(name="cat", extra={"coco": {"supercategory": "pet"}}),),
        extra={"coco": {"info": {"year": 1}}},
    )
    findings = driver.write(voc.FORMAT, tmp_path, {"all": [image]}, header)
    assert [(f.code, f.severity, f.lost) for f in findings if f.code != "keys-not-carried"] == [
        ("outlines-not-carried", "note", 0),
        ("area-not-carried", "note", 0),
        ("crowd-as-difficult", "warning", 0),
        ("attributes-not-carried", "note", 0),
        ("image-attributes-not-carried", "note", 0),
    ]
    keys = [f for f in findings if f.code == "keys-not-carried"]
    assert [f.message.partition(" that ")[0] for f in keys] == [
        "1 key of the dataset", "1 class with keys", "1 image with keys",
        "1 instance with keys",
    ]  # fmt: skip
    assert [f.message.partition("(")[2].partition(")")[0] for f in keys] == [
        "info", "supercategory", "license", "id",
    ]  # fmt: skip
    said = {finding.code: str(finding) for finding in findings}
    assert "2 instances with a polygon or mask" in said["outlines-not-carried"]
    assert said["crowd-as-difficult"].startswith("a.json::$.x: 1 crowd ")
    assert "(score, pose, truncated)" in said["attributes-not-carried"]
    assert said["area-not-carried"].startswith("a.json::7: 1 instance with an area")
    assert [i.difficult for i in read_back(tmp_path).image.instances] == [
        False, True, False, False,
    ]  # fmt: skip


def test_characters_invalid_in_xml_are_dropped_and_reported(tmp_path: Path) -> None:
    good = photo(thing("a\x00b", parts=3), thing(), thing(box=(0, 0, float("inf"), 1)))
    bad = photo(thing(parts=2), name="x\x01.jpg")
    line = photo(thing(), name="x\ny.jpg")
    findings = write_voc(tmp_path, {"all": [good, bad, line]}, ["a\x00b", "cat"])
    assert [(finding.code, finding.lost) for finding in findings] == [
        ("object-not-written", 3),
        ("object-not-written", 1),
        ("name-not-xml", 2),
        ("name-not-xml", 1),
    ]
    assert (tmp_path / "ImageSets/Main/all.txt").read_text() == "a\n"
    assert [i.label for i in read_back(tmp_path).image.instances] == ["cat"]


def test_two_splits_share_the_folders(tmp_path: Path) -> None:
    same = photo(thing(), name="a.jpg")
    other = photo(thing(), thing(), name="a.png")
    changed = photo(thing("dog"), name="a.jpg")
    splits = {"train": [same], "val": [same], "test": [other], "x": [changed]}
    findings = write_voc(tmp_path, splits, ["cat", "dog"])
    assert [(f.code, f.file, f.lost) for f in findings] == [
        ("name-collision", "a.png", 2),
        ("name-collision", "a.jpg", 1),
    ]
    lists = {path.stem: path.read_text() for path in (tmp_path / "ImageSets/Main").iterdir()}
    assert lists == {"train": "a\n", "val": "a\n", "test": "", "x": "a\n"}
    assert b"cat" in snapshot(tmp_path)["Annotations/a.xml"]


@pytest.mark.parametrize("shard", [1, 2, 3, 100])
def test_output_does_not_depend_on_shard_size(tmp_path: Path, shard: int) -> None:
    a, b, c = (photo(thing(), name=f"{name}.jpg") for name in "abc")
    other = photo(thing(), thing("dog", parts=2), name="b.png")
    splits = {"train": [a, b], "val": [c, a, other], "test": [other]}
    findings = write_voc(tmp_path / "out", splits, ["cat", "dog"], shard=shard)
    assert [(f.code, f.file, f.lost) for f in findings] == [("name-collision", "b.png", 3)] * 2
    write_voc(tmp_path / "whole", splits, ["cat", "dog"], shard=10)
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "whole")
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name[0] == "."] == []


def test_shards_may_be_written_in_any_order(tmp_path: Path) -> None:
    """The first split's file is the one that stays, whenever its shard is done."""
    train = photo(thing(), name="a.jpg")
    val = photo(thing("dog"), name="a.png")
    header = Header(categories=(Category(name="cat"), Category(name="dog")))
    plan = WritePlan(stage=tmp_path, out="out", header=header, splits=("train", "val"))
    writing = WRITER.open(plan, WRITER.Options())
    shards = [Numbered("train", 1, 1, train)], [Numbered("val", 1, 1, val)]
    streams = {}
    for shard in (*shards[::-1], *shards):  # a shard may be done twice
        written = writing.write(shard)
        streams |= {name: io.BytesIO(piece) for name, piece in written.streams.items()}
    assert codes(list(writing.finish(streams, {}))) == {"name-collision": 1}
    assert b"<filename>a.jpg</filename>" in snapshot(tmp_path)["Annotations/a.xml"]


# U+FFFE and U+FFFF are no characters of XML.
plain = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
letter = plain | st.sampled_from("<>&\r\n\t\"' ")
text = st.text(letter, min_size=1, max_size=9)


@given(label=text, pose=text, box=st.tuples(edge, edge, edge, edge), coords=st.sampled_from(COORDS))
def test_files_are_as_a_library_writes_them(
    label: str, pose: str, box: Box, coords: Coords
) -> None:
    from lxml import etree

    instance = thing(label, box, attributes={"pose": pose, "truncated": True})
    written = _xml(photo(instance, name="b/a.jpg"), [instance], coords).encode()
    root = etree.fromstring(written)
    assert root.findtext("object/name") == label
    assert root.findtext("object/pose") == (pose if pose.strip() else "Unspecified")
    etree.indent(root)
    assert etree.tostring(root, encoding="utf-8") + b"\n" == written
    texts = [root.findtext(f"object/bndbox/{tag}") or "" for tag in BOUNDS]
    assert geometry.edges_of_text(texts, coords) == box


def test_an_empty_dataset_and_an_empty_image(tmp_path: Path) -> None:
    assert write_voc(tmp_path, {"all": []}) == []
    assert sorted(snapshot(tmp_path)) == ["ImageSets/Main/all.txt", "layout.toml"]
    write_voc(tmp_path / "one", {"all": [photo()]})
    assert read_back(tmp_path / "one").image.instances == ()


def test_unsuitable_layout_file_is_ignored(tmp_path: Path) -> None:
    """layout.toml is compared with the folder; one for COCO files is ignored."""
    write_voc(tmp_path, {"all": [photo(thing())]})
    read_back(tmp_path)
    write(tmp_path / "layout.toml", 'images = "gone"\nannotations = "Annotations"\n')
    assert find_layout("custom-voc", "", Root(tmp_path)).layout.images == "JPEGImages"
    write(tmp_path / "layout.toml", 'format = "coco"\n')
    assert find_layout("custom-voc", "", Root(tmp_path)).layout.format == "voc"
