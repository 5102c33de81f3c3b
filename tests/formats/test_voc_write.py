"""Writing Pascal VOC: what stands in the files, what other readers make of it, what is lost."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from helpers import REAL, Read, picture, read_voc, snapshot, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.classes.resolver import ClassMap
from dataforge.convert import Job, convert
from dataforge.datasets.infer import choose
from dataforge.errors import UsageError
from dataforge.formats import voc
from dataforge.geometry import Coords
from dataforge.io.files import Root
from dataforge.records import Box, Category, Finding, Header, Image, Instance, Mask, Polygons

COORDS: tuple[Coords, ...] = ("voc", "mmdet", "zero")


def thing(label: str = "cat", box: Box = (9, 11, 30, 40), **more: Any) -> Instance:
    return Instance(label=label, box=box, area=geometry.box_area(box), **more)


def photo(*instances: Instance, name: str = "a.jpg", **more: Any) -> Image:
    return Image(file_name=name, width=64, height=48, instances=instances, source="a.json", **more)


def write_voc(
    out: Path, splits: dict[str, Sequence[Image]], classes: Sequence[str] = ("cat",), **options: Any
) -> list[Finding]:
    header = Header(categories=tuple(Category(name=name) for name in classes))
    return list(voc.write(out, splits, header, voc.WriteOptions(**options)))


def read_back(out: Path) -> Read:
    """By the layout that was written beside the files."""
    for image in [*out.rglob("Annotations/**/*.xml")]:
        below = image.relative_to(out / "Annotations").with_suffix(".jpg")
        if not (out / "JPEGImages" / below).exists():
            picture(out / "JPEGImages" / below)
    layout = choose("custom-voc", "", Root(out)).layout
    return Read(list(voc.read(Root(out), voc.Options(layout=layout), ClassMap().canonical)))


def codes(findings: list[Finding]) -> dict[str, int]:
    """Code -> shapes lost."""
    return {finding.code: finding.lost for finding in findings}


def test_the_files_as_they_are(tmp_path: Path) -> None:
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


def test_names_of_any_kind_come_back(tmp_path: Path) -> None:
    labels = ["人 物", "a\tb", "<x>&'\"", "007", "ünï ¼"]
    names = ["照片 1.jpg", "a.b.c.jpg", "x 0.jpg", "deep/er/a.jpg"]
    images = [photo(*(thing(label) for label in labels), name=name) for name in names]
    assert write_voc(tmp_path, {"train": images}, labels) == []
    read = read_back(tmp_path)
    assert [image.file_name for image in read.images] == [f"JPEGImages/{name}" for name in names]
    assert [instance.label for instance in read.images[0].instances] == labels
    assert read.findings == []


def test_classes_are_kept_in_order_though_no_object_is_of_them(tmp_path: Path) -> None:
    write_voc(tmp_path, {"all": [photo(thing())]}, ["zebra", "cat"])
    picture(tmp_path / "JPEGImages" / "a.jpg")
    assert choose("custom-voc", "", Root(tmp_path)).layout.classes == ("zebra", "cat")


def test_a_folder_of_images_is_not_put_into_another(tmp_path: Path) -> None:
    assert voc.image_path("train", "JPEGImages/x/a.jpg") == "JPEGImages/x/a.jpg"
    assert voc.image_path("train", "images/a.jpg") == "JPEGImages/a.jpg"
    assert voc.key("images/a.jpg") == voc.key("a.png") == "a"


def test_what_cannot_be_carried_is_counted(tmp_path: Path) -> None:
    mask = Mask(size_hw=(48, 64), counts="0")
    image = photo(
        thing(shape=Polygons(((9, 11, 30, 11, 30, 40),))),
        thing(shape=mask, iscrowd=True, where="$.x"),
        thing(attributes={"score": 0.5, "pose": "", "truncated": 2}, extra={"acme": {"id": 7}}),
        attributes={"flag": True},
        extra={"coco": {"license": 1, "attributes": {}}},
    )
    image = msgspec.structs.replace(
        image, instances=(*image.instances, msgspec.structs.replace(thing(), area=7, where="7"))
    )
    header = Header(
        categories=(Category(name="cat", extra={"coco": {"supercategory": "pet"}}),),
        extra={"coco": {"info": {"year": 1}}},
    )
    findings = list(voc.write(tmp_path, {"all": [image]}, header, voc.WriteOptions()))
    assert [(f.code, f.severity, f.lost) for f in findings if f.code != "keys-not-carried"] == [
        ("outlines-not-carried", "note", 0),
        ("area-not-carried", "note", 0),
        ("crowd-as-difficult", "warning", 0),
        ("attributes-not-carried", "note", 0),
        ("image-attributes-not-carried", "note", 0),
    ]
    keys = [f for f in findings if f.code == "keys-not-carried"]
    assert [f.message.partition(" that ")[0] for f in keys] == [
        "1 key of the whole dataset", "1 class with keys", "1 image with keys",
        "1 instance with keys",
    ]  # fmt: skip
    assert [f.message.partition("(")[2].partition(")")[0] for f in keys] == [
        "info", "supercategory", "license", "id",
    ]  # fmt: skip
    said = {finding.code: str(finding) for finding in findings}
    assert "2 instances with an outline" in said["outlines-not-carried"]
    assert said["crowd-as-difficult"].startswith("a.json::$.x: 1 crowd ")
    assert "(score, pose, truncated)" in said["attributes-not-carried"]
    assert said["area-not-carried"].startswith("a.json::7: 1 instance with an area")
    assert [i.difficult for i in read_back(tmp_path).image.instances] == [
        False, True, False, False,
    ]  # fmt: skip


def test_what_xml_cannot_hold_is_left_out_and_said(tmp_path: Path) -> None:
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


def test_an_empty_dataset_and_an_empty_image(tmp_path: Path) -> None:
    assert write_voc(tmp_path, {"all": []}) == []
    assert sorted(snapshot(tmp_path)) == ["ImageSets/Main/all.txt", "layout.toml"]
    write_voc(tmp_path / "one", {"all": [photo()]})
    assert read_back(tmp_path / "one").image.instances == ()


def test_a_layout_of_another_folder_is_no_obstacle(tmp_path: Path) -> None:
    """layout.toml is held against the folder; one of COCO files is none of ours."""
    write_voc(tmp_path, {"all": [photo(thing())]})
    read_back(tmp_path)
    write(tmp_path / "layout.toml", 'images = "gone"\nannotations = "Annotations"\n')
    assert choose("custom-voc", "", Root(tmp_path)).layout.images == "JPEGImages"
    write(tmp_path / "layout.toml", 'format = "coco"\n')
    assert choose("custom-voc", "", Root(tmp_path)).layout.format == "voc"


def test_coords_go_to_the_side_that_is_voc(tmp_path: Path) -> None:
    write(tmp_path / "in" / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5\n")
    write(tmp_path / "in" / "classes.txt", "cat\n")
    picture(tmp_path / "in" / "images" / "a.jpg", (64, 48))
    options: dict[str, Any] = {"source": str(tmp_path / "in"), "reads": "yolo", "writes": "voc"}
    out = tmp_path / "out"
    convert(Job(out=str(out), write_options={"coords": "zero"}, **options))
    assert "<xmin>16</xmin>" in (out / "Annotations/a.xml").read_text()  # 64 * (0.5 - 0.25)
    assert (out / "JPEGImages" / "a.jpg").exists()
    with pytest.raises(UsageError, match="coords"):
        convert(Job(out=str(out), write_options={"coords": "one"}, **options))


@pytest.mark.skipif(not REAL.exists(), reason="real data are not here")
def test_torchvision_reads_the_same_objects(tmp_path: Path) -> None:
    """torchvision's VOCDetection looks for VOCdevkit/VOC2012/ with ImageSets/Main."""
    datasets = pytest.importorskip("torchvision.datasets")
    source = Root(REAL / "bccd" / "BCCD")
    layout = choose("custom-voc", "", source).layout
    ours = read_voc(REAL / "bccd" / "BCCD", layout)
    out = tmp_path / "VOCdevkit" / "VOC2012"
    convert(Job(source=source.location, out=str(out), reads="voc", writes="voc", images="symlink"))
    boxes: dict[str, list[tuple[str, ...]]] = {}
    for split in ("train", "val", "test"):
        # It knows three splits and checks them; test.txt is read as a list all the same.
        listed = out / "ImageSets/Main" / f"{split}.txt"
        if split == "test":
            (out / "ImageSets/Main/trainval.txt").write_text(listed.read_text())
        dataset = datasets.VOCDetection(
            str(tmp_path), "2012", "trainval" if split == "test" else split
        )
        for number in range(len(dataset)):
            annotation = dataset[number][1]["annotation"]
            boxes[annotation["filename"]] = [
                (entry["name"], *(entry["bndbox"][tag] for tag in ("xmin", "ymin", "xmax", "ymax")))
                for entry in annotation["object"]
            ]
    assert len(boxes) == 364
    assert sum(map(len, boxes.values())) == 4888
    for image in ours.images:
        name = image.file_name.removeprefix("JPEGImages/")
        assert boxes[name] == [
            (i.label, *(f"{value:g}" for value in (x0 + 1, y0 + 1, x1, y1)))
            for i in image.instances
            for x0, y0, x1, y1 in [i.box]
        ]
