"""Files that are made to hurt: each ends as a finding or a clear error, in time and memory."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import (
    SQUARE,
    Read,
    document,
    picture,
    read_labelme,
    read_voc,
    run_convert,
    shape,
    voc_object,
    voc_xml,
    write,
)
from PIL import Image as PILImage

from dataforge import geometry
from dataforge.classes.rules import load_aliases, load_classes
from dataforge.errors import InputError, ParseError, UsageError
from dataforge.formats.coco import FORMAT as COCO
from dataforge.formats.images import FORMAT as IMAGES
from dataforge.formats.yolo import FORMAT as YOLO
from dataforge.io import Root, load_toml, parse_xml
from dataforge.layouts import Layout, load_layout
from dataforge.records import Instance
from dataforge.splits import load_manifest
from dataforge.testing.driver import read as records_of
from dataforge.testing.driver import reader_of

FLAT = Layout(images=".", annotations=".")


def read(folder: Path, format_: Any, **options: Any) -> Read:
    """All that a reader yields, headers apart."""
    return Read(records_of(format_, folder, reader_of(format_).Options(**options)))


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of zeros in one channel, of few bytes whatever its size; chunks behind the pixels."""
    row = zlib.compressobj(9)
    pixels = b"".join(row.compress(bytes(width + 1)) for _ in range(min(height, 100))) + row.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", pixels), *chunks, (b"IEND", b""))
    )


def peak(function: Callable[[], object]) -> int:
    """Most bytes that Python held at once while it ran."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# XML -------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 30))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a><b>&l29;</b></a>',
    "laughs in an attribute": f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a b="&l29;"/>',
    "quadratic": f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><a>{"&x;" * 50_000}</a>',
    "file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "network": '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x;</a>',
    "parameter": '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a/>',
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-7", "cp037"])
def test_entities_are_refused_in_every_encoding(tmp_path: Path, bomb: str, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    data = (declared.encode("ascii") + bomb.encode(encoding)) if encoding == "utf-7" else b""
    write(tmp_path / "a.xml", data or (declared + bomb).encode(encoding))
    picture(tmp_path / "a.jpg")
    found = read_voc(tmp_path, FLAT)
    assert found.images == []
    assert found.finding("unreadable-xml").file == "a.xml"


def test_doctype_is_accepted_and_not_fetched(tmp_path: Path) -> None:
    write(tmp_path / "set.dtd", '<!ATTLIST name x CDATA "from the dtd">')
    text = voc_xml(voc_object("cat", (1, 2, 3, 4)))
    write(tmp_path / "a.xml", f'<!DOCTYPE annotation SYSTEM "set.dtd">{text}')
    element = parse_xml((tmp_path / "a.xml").read_bytes(), "a.xml")
    assert element.find(".//name").attrib == {}  # type: ignore[union-attr]
    picture(tmp_path / "a.jpg")
    assert read_voc(tmp_path, FLAT).instance.label == "cat"


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deep_xml_is_a_finding(tmp_path: Path, depth: int) -> None:
    write(tmp_path / "a.xml", "<a>" * depth + "</a>" * depth)
    picture(tmp_path / "a.jpg")
    found = read_voc(tmp_path, FLAT, missing_images="skip")
    assert {*found.codes} & {"unreadable-xml", "image-not-usable", "coords"}
    assert sum(len(image.instances) for image in found.images) == 0


@pytest.mark.parametrize(
    ("number", "lost"),
    [("1e308", False), ("-0.0", False), ("9" * 400, True), ("nan", True), ("inf", True),
     ("1e-99999999999999999999", False), ("0e99999999999999999999", False), ("1_0", False)],
)  # fmt: skip
def test_odd_numbers_in_xml(tmp_path: Path, number: str, lost: bool) -> None:
    write(tmp_path / "a.xml", voc_xml(voc_object("cat", (number, 1, 3, 4))))
    picture(tmp_path / "a.jpg")
    found = read_voc(tmp_path, FLAT)
    assert ("bad-object" in found.codes) == lost
    assert len(found.image.instances) == (not lost)


@pytest.mark.parametrize("size", ["1e308", "inf", "nan", "9" * 400, "-5", "1.5"])
def test_invalid_sizes_in_xml_are_replaced_by_the_image_size(tmp_path: Path, size: str) -> None:
    write(tmp_path / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4)), size=(size, size)))
    picture(tmp_path / "a.jpg")
    assert (read_voc(tmp_path, FLAT).image.width, read_voc(tmp_path, FLAT).image.height) == (64, 48)


# JSON ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [101, 500, 990, 100_000])
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("reads", ["labelme", "coco"])
def test_deep_json_is_a_finding(tmp_path: Path, depth: int, ends: bool, reads: str) -> None:
    deep = "[" * depth + "]" * depth * ends
    inner = {"labelme": '"shapes": [], "flags":', "coco": '"images": [], "categories": [], "info":'}
    write(tmp_path / "a.json", f"{{{inner[reads]} {deep}{'}' * ends}")
    with pytest.raises(InputError, match=r"a\.json.*nested more than 100 levels deep"):
        run_convert(tmp_path, tmp_path / "out", reads=reads)


def test_nesting_depth_ignores_brackets_in_strings_and_siblings(tmp_path: Path) -> None:
    write(tmp_path / "deep.json", '{"shapes": [], "flags": ' + '[{"a":' * 200 + "1" + "}]" * 200)
    write(tmp_path / "flat.json", document(shape("[" * 90 + "{" * 90 + "]", SQUARE)))
    write(tmp_path / "points.json", document(*[shape("cat", SQUARE)] * 300, image="points.jpg"))
    for name in ("flat", "points", "a"):
        picture(tmp_path / f"{name}.jpg")
    found = read_labelme(tmp_path)
    assert found.finding("unreadable-json").file == "deep.json"
    assert sorted(len(image.instances) for image in found.images) in ([300], [1, 300])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 400, "1e308", "-1e308"])
def test_odd_coordinates_in_labelme(tmp_path: Path, number: str) -> None:
    text = json.dumps(document(shape("cat", SQUARE), shape("dog", [[0, 0], [8, 0], [8, 7.25]])))
    write(tmp_path / "a.json", text.replace("7.25", number))
    picture(tmp_path / "a.jpg")
    found = read_labelme(tmp_path)
    # What is no JSON costs the file, what is a wrong number costs the shape.
    labels = [instance.label for image in found.images for instance in image.instances]
    assert labels in ([], ["cat"])
    assert {*found.codes} & {"unreadable-json", "bad-shape"}


def coco_document(**annotation: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, **annotation}],
    }


FAR = [[1e308, -1e308, -1e308, 1e308, 1e308, 1e308, -1e308, -1e308]]


@pytest.mark.parametrize(
    ("annotation", "code"),
    [
        ({"segmentation": FAR}, "no-geometry"),
        ({"segmentation": FAR, "bbox": [1, 2, 3, 4]}, "bad-ring"),
        ({"segmentation": [[0, 0, 1e200, 0, 1e200, 1e200]] * 9}, "no-geometry"),
        ({"bbox": [1e308, 0, 1e308, 1]}, "no-geometry"),
        ({"bbox": [0, 0, 1e300, 1e300]}, "coordinates-too-large"),
        ({"bbox": [0, 0, 5, 5], "area": 10**400}, "bad-value"),
        ({"bbox": [0, 0, 5, 10**400]}, "bad-value"),
        ({"segmentation": {"size": [48, 64], "counts": "o" * 200_000}}, "bad-rle"),
        ({"segmentation": {"size": [2**31, 2**31], "counts": [2**62]}}, "bad-rle"),
        ({"segmentation": {"size": [48, 64], "counts": [-1, 3073]}}, "bad-rle"),
    ],
)
def test_odd_numbers_in_coco(tmp_path: Path, annotation: dict[str, Any], code: str) -> None:
    content = coco_document(bbox=[1, 2, 3, 4])
    content["annotations"].append({"id": 2, "image_id": 1, "category_id": 1, **annotation})
    write(tmp_path / "a.json", content)
    picture(tmp_path / "a.jpg")
    report = run_convert(tmp_path, tmp_path / "out", reads="coco", clip=True)
    assert code in [finding.code for finding in report.findings]
    assert 1 <= report.instances["all"]["cat"] <= 2


def test_negative_zeros_become_zeros(tmp_path: Path) -> None:
    write(tmp_path / "a.json", coco_document(bbox=[-0.0, -0.0, 5, 5], area=-0.0))
    write(tmp_path / "labels" / "a.txt", "0 0.5 0.5 0.5 -0.0")
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "images" / "a.jpg")
    assert run_convert(tmp_path, tmp_path / "out", reads="coco").shapes == 1
    assert read(tmp_path, YOLO).images[1].instances[0].box == (16.0, 24.0, 48.0, 24.0)


# Images ----------------------------------------------------------------------------------------


def test_a_pixel_bomb_is_not_decoded(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(60_000, 60_000))
    found = read(tmp_path, IMAGES)
    assert found.images == []
    assert found.finding("unreadable-image").file == "a.png"


def test_the_size_of_a_large_png_is_read_without_its_pixels(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(13_000, 13_000))
    sizes: list[tuple[int, int]] = []
    assert peak(lambda: sizes.append(Root(tmp_path).image_size("a.png"))) < 10 * 2**20
    assert sizes == [(13_000, 13_000)]


def test_an_orientation_behind_a_png_s_pixels_is_found(tmp_path: Path) -> None:
    exif = PILImage.Exif()
    exif[0x0112] = 6
    write(tmp_path / "a.png", png(64, 48, (b"eXIf", exif.tobytes()[6:])))
    with PILImage.open(tmp_path / "a.png") as image:
        assert image.getexif()[0x0112] == 6  # as Pillow has it, which decodes the image
    assert Root(tmp_path).image_size("a.png") == (48, 64)
    # A length that leads far beyond the end of the file.
    write(tmp_path / "b.png", png(64, 48)[:-12] + b"\x7f\xff\xff\xffeXI")
    assert Root(tmp_path).image_size("b.png") == (64, 48)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp"])
def test_truncated_images_are_survived(tmp_path: Path, suffix: str) -> None:
    picture(tmp_path / f"a.{suffix}", orientation=6)
    whole = (tmp_path / f"a.{suffix}").read_bytes()
    for length in {*range(0, len(whole), max(1, len(whole) // 60)), *range(60)}:
        write(tmp_path / f"a.{suffix}", whole[:length])
        found = read(tmp_path, IMAGES)
        assert found.codes == ["unreadable-image"] or len(found.images) == 1


@pytest.mark.parametrize("claims", [(60_000, 60_000), (13_000, 13_000)])
def test_a_mask_that_is_a_pixel_bomb(tmp_path: Path, claims: tuple[int, int]) -> None:
    mask = base64.b64encode(png(*claims)).decode()
    write(tmp_path / "a.json", document(shape("cat", [[0, 0], [9, 9]], "mask", mask=mask)))
    picture(tmp_path / "a.jpg")
    found = read_labelme(tmp_path)
    assert found.finding("bad-mask").where == "$.shapes[0]"
    assert found.image.instances == ()


def test_a_small_mask_on_an_image_of_a_gigapixel(tmp_path: Path) -> None:
    stream = io.BytesIO()
    PILImage.fromarray(np.array([[0, 255], [255, 255]], dtype=np.uint8)).save(stream, "PNG")
    mask = base64.b64encode(stream.getvalue()).decode()
    entry = shape("cat", [[7, 5], [8, 6]], "mask", mask=mask)
    write(tmp_path / "a.json", document(entry, imageWidth=32_768, imageHeight=32_768))
    picture(tmp_path / "a.jpg")
    instances: list[Instance] = []
    assert peak(lambda: instances.append(read_labelme(tmp_path).instance)) < 50 * 2**20
    assert (instances[0].box, instances[0].area) == ((7, 5, 9, 7), 3)


def test_the_area_of_a_tangle_that_is_too_long_to_count() -> None:
    # Up and down the whole of the image 400 times: 13 million px of outline. The bow ties between
    # the strokes cover half of it, and each px that is counted stands for some hundred.
    side = 32_768
    ring: list[float] = []
    for stroke in range(400):
        ring += [stroke * side / 400, side * (stroke % 2), (stroke + 1) * side / 400, 0]
    ring += [side, side, 0, side]
    area, crosses = geometry.outline_area(tuple(ring), side, side)
    assert crosses
    assert 0 < area <= side * side


def test_a_crossing_outline_is_counted_by_pixels() -> None:
    # A bow tie of two triangles, each with a base of 40 px and a height of 20 px: 2 * 400 px².
    ring = (0.0, 0.0, 40.0, 40.0, 40.0, 0.0, 0.0, 40.0)
    area, crosses = geometry.outline_area(ring, 64, 48)
    assert crosses
    assert area == pytest.approx(800, abs=45)


# Size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.json", "a.xml", "labels/a.txt", "data.yaml"])
def test_giant_files_are_not_read(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    with (tmp_path / name).open("r+b") as stream:
        stream.truncate(3 * 2**30)
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "images" / "a.jpg")
    found: list[Read] = []
    readers: dict[str, Callable[[], Read]] = {
        "a.json": lambda: Read([*read_labelme(tmp_path).findings, *read(tmp_path, COCO).findings]),
        "a.xml": lambda: read_voc(tmp_path, Layout(images=".", annotations=".")),
    }
    reader = readers.get(name, lambda: read(tmp_path, YOLO))
    assert peak(lambda: found.append(reader())) < 50 * 2**20
    codes = {"unreadable-json", "unreadable-xml", "unreadable-labels", "unreadable-yaml"}
    told = [finding for finding in found[0].findings if finding.code in codes]
    assert {finding.file for finding in told} == {name}


@pytest.mark.parametrize("load", [load_toml, load_layout, load_classes, load_manifest])
def test_giant_toml_is_not_read(tmp_path: Path, load: Callable[[Path], Any]) -> None:
    path = write(tmp_path / "a.toml")
    with path.open("r+b") as stream:
        stream.truncate(2**30)
    with pytest.raises(ParseError, match="larger than 64 MiB, not read"):
        load(path)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000, "a = " + "9" * 10_000, "a." * 50_000 + "b = 1", "['a'." + "b." * 200],
    ids=["lists", "digits", "key", "table"],
)
def test_odd_toml_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "a.toml", text)
    for load in (load_layout, load_classes, load_aliases, load_manifest):
        with pytest.raises((InputError, UsageError)):
            load(path)


# YAML ------------------------------------------------------------------------------------------

LAUGHING_YAML = "l0: &l0 [lol, lol]\n" + "".join(
    f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHING_YAML + "names: [*l29]\ntrain: *l29\n",
        LAUGHING_YAML + "names: {*l29 : a}\n",
        LAUGHING_YAML + "names: [a]\nkpt_shape: [*l29, *l29]\nnc: *l29\n",
        "names: &a [*a]\ntrain: *a\n",
        "names: {" + "9" * 5000 + ": cat}\nnc: " + "9" * 5000 + "\n",
        "names: [cat]\nkpt_shape: [" + "9" * 5000 + ", 3]\n",
        "names: " + "[" * 100_000,
        "names: " + "{a: " * 3000,
    ],
    ids=["names", "keys", "keypoints", "loop", "digits", "keypoint digits", "lists", "maps"],
)
def test_odd_yaml_is_survived(tmp_path: Path, text: str) -> None:
    write(tmp_path / "data.yaml", text)
    write(tmp_path / "labels" / "a.txt", "0 .5 .5 .5 .5")
    picture(tmp_path / "images" / "a.jpg")
    found = read(tmp_path, YOLO)
    assert len(found.images) == 1
    assert all(len(str(finding)) < 6000 for finding in found.findings)


# Nothing, and what is no text --------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xef\xbb\xbf", b"\xff\xfe", b" \n"])
def test_empty_files_and_zeros(tmp_path: Path, content: bytes) -> None:
    for name in ("a.json", "a.xml", "labels/a.txt", "data.yaml", "train.txt", "a.jpg"):
        write(tmp_path / name, content)
    picture(tmp_path / "images" / "a.jpg")
    assert read_labelme(tmp_path).finding("unreadable-json").file == "a.json"
    assert read(tmp_path, COCO).finding("unreadable-json").file == "a.json"
    assert "unreadable-xml" in read_voc(tmp_path, FLAT).codes
    assert "unreadable-image" in read(tmp_path, IMAGES).codes
    read(tmp_path, YOLO)
