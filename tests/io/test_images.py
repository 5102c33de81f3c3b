"""Headers of images, and what may be decoded."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from helpers import document, picture, read_labelme, shape, write
from PIL import EpsImagePlugin
from PIL import Image as PILImage

from dataforge.errors import ParseError
from dataforge.io import IMAGE_EXTENSIONS, IMAGE_FORMATS, Root, limits, open_image, too_large
from dataforge.jobs import Job
from dataforge.verbs.check import check
from dataforge.verbs.convert import convert

REPO = Path(__file__).parents[2]
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [(0, (64, 48)), (1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))],
)
def test_image_size_is_of_the_frame_that_a_viewer_shows(
    tmp_path: Path, orientation: int, shown: tuple[int, int]
) -> None:
    picture(tmp_path / "a.jpg", (64, 48), orientation)
    assert Root(tmp_path).image_size("a.jpg") == shown


@pytest.mark.parametrize(
    ("content", "said"), [(b"no image", "not an image"), (b"\xff\xd8\xff\xe0", "image")]
)
def test_image_size_of_a_non_image(tmp_path: Path, content: bytes, said: str) -> None:
    write(tmp_path / "a.jpg", content)
    with pytest.raises(ParseError, match=rf"^a\.jpg: .*{said}"):
        Root(tmp_path).image_size("a.jpg")


def test_a_decompression_bomb_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    picture(tmp_path / "a.png")
    with pytest.raises(ParseError, match="claims 64x48 pixels"):
        Root(tmp_path).image_size("a.png")


def test_every_call_of_pillow_names_the_formats() -> None:
    """In dataforge, and in the code that it generates."""
    files = [*(REPO / "dataforge").rglob("*.py"), *(REPO / "templates").rglob("*.j2")]
    files += (REPO / "tests" / "golden").rglob("*.py")
    calls = [
        (path.name, call)
        for path in files
        for call in re.findall(r"\bImage\.open\(.*", path.read_text("utf-8"))
    ]
    assert len(calls) >= 3  # io/images.py and two templates at least
    assert [call for call in calls if "formats=" not in call[1]] == []


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists once Ghostscript has been started."""
    started = tmp_path / "started"
    program = write(tmp_path / "bin" / "gs", f"#!/bin/sh\ntouch '{started}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # it looks once
    return started


def test_pillow_alone_would_start_ghostscript(ghostscript: Path) -> None:
    with (
        pytest.raises(OSError, match=r"."),
        PILImage.open(io.BytesIO(POSTSCRIPT)) as image,
    ):
        image.load()
    assert ghostscript.exists()


def test_postscript_named_as_an_image_starts_no_program(tmp_path: Path, ghostscript: Path) -> None:
    data = tmp_path / "data"
    write(data / "a.jpg", POSTSCRIPT)
    text = base64.b64encode(POSTSCRIPT).decode()
    mask = shape("cat", [[1, 1], [20, 20]], "mask", mask=text)
    write(data / "a.json", document(mask, imageData=text, imageWidth=40, imageHeight=30))
    write(data / "b.json", document(mask, image="a.jpg", imageWidth=None, imageHeight=None))
    write(data / "c.json", document(mask, image="c.jpg", imageData=text, imageWidth=40))
    picture(data / "c.jpg", (40, 30))
    report = check(str(data))
    assert {"bad-mask", "unreadable-image", "image-data-differs"} <= {*report.counts}
    job = Job(source=str(data), out=str(tmp_path / "out"), reads="labelme", writes="coco")
    converted = convert(job)
    assert (converted.failed, converted.shapes) == (True, 0)
    assert not ghostscript.exists()


@pytest.mark.parametrize("extension", [".gif", ".ppm", ".eps", ".jp2", ".ico"])
def test_other_formats_are_no_images(tmp_path: Path, extension: str) -> None:
    picture(tmp_path / f"a{extension}", (32, 32)).rename(tmp_path / "a.jpg")
    with pytest.raises(ParseError, match="not an image of a format that is read"):
        Root(tmp_path).image_size("a.jpg")


def test_a_mask_is_a_png(tmp_path: Path) -> None:
    for format_ in ("PNG", "BMP"):
        stream = io.BytesIO()
        PILImage.new("L", (2, 2), 255).save(stream, format_)
        text = base64.b64encode(stream.getvalue()).decode()
        write(tmp_path / "a.json", document(shape("cat", [[1, 1], [2, 2]], "mask", mask=text)))
        picture(tmp_path / "a.jpg")
        found = read_labelme(tmp_path)
        assert found.codes == (["bad-mask"] if format_ == "BMP" else [])


def needed(monkeypatch: pytest.MonkeyPatch, data: bytes, *, reduced: bool) -> int:
    """The memory that an image is said to take."""
    low, high = 0, 2**40
    with open_image(io.BytesIO(data)) as image:
        while low < high:
            middle = (low + high) // 2
            monkeypatch.setattr(limits, "MAX_DECODED_BYTES", middle)
            low, high = (middle + 1, high) if too_large(image, reduced=reduced) else (low, middle)
    return low


# Bytes per pixel, as measured: what the process grew by when it decoded 25 million pixels and made
# a grey copy of them.
@pytest.mark.parametrize(
    ("mode", "format_", "options", "reduced", "bytes_"),
    [
        ("RGB", "PNG", {}, True, (5, 8)),
        ("I;16", "PNG", {}, True, (6, 8)),
        ("RGB", "BMP", {}, True, (5, 8)),
        ("RGB", "WEBP", {}, True, (16, 16)),
        ("RGBA", "TIFF", {}, True, (5, 12)),
        ("RGB", "JPEG", {"subsampling": 0}, True, (0.1, 0.125)),
        ("RGB", "JPEG", {"subsampling": 0}, False, (5, 8)),
        ("RGB", "JPEG", {"subsampling": 0, "progressive": True}, True, (6, 6.125)),
        ("RGB", "JPEG", {"subsampling": 2, "progressive": True}, True, (3, 3.125)),
        ("L", "JPEG", {"progressive": True}, True, (2, 2.125)),
    ],
)
def test_the_memory_that_pixels_take_is_known_before(
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    format_: str,
    options: dict[str, Any],
    reduced: bool,
    bytes_: tuple[float, float],
) -> None:
    stream = io.BytesIO()
    PILImage.new(mode, (400, 400)).save(stream, format_, **options)
    measured, said = bytes_
    assert needed(monkeypatch, stream.getvalue(), reduced=reduced) == said * 400 * 400
    assert measured <= said


def test_a_jpeg_in_several_scans_is_told_by_its_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sequential ones too may come in several scans, and only plain headers are believed."""
    stream = io.BytesIO()
    PILImage.new("RGB", (400, 400)).save(stream, "JPEG", subsampling=0)
    data = stream.getvalue()
    at = data.index(b"\xff\xda")
    for changed in (
        data[: at + 4] + b"\x01" + data[at + 5 :],  # the first scan has one component
        data[:at] + b"\xff" + data[at:],  # a marker may have more than one byte before it
    ):
        assert needed(monkeypatch, changed, reduced=True) == 6.125 * 400 * 400
    with open_image(io.BytesIO(data[:at] + b"\xff" + data[at:] * 101)) as image:
        assert too_large(image) == "too large to decode: more than 100 scans"


def test_tiles_of_a_tiff_may_be_larger_than_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    # Width, height, bits, compression, black is 0, width and height of the tiles.
    tags = {256: 4, 257: 4, 258: 8, 259: 5, 262: 1, 322: 16000, 323: 16000, 324: 8, 325: 8}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    assert needed(monkeypatch, data, reduced=True) == 4 * 4 * 8 + 16000 * 16000


def test_a_webp_file_is_not_read_if_it_is_larger_than_its_pixels_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "a.webp")
    monkeypatch.setattr(limits, "MAX_DECODED_BYTES", 50)
    with pytest.raises(ParseError, match="is a WebP file of"):
        Root(tmp_path).image_size("a.webp")


def test_formats_are_those_of_the_extensions() -> None:
    of = PILImage.registered_extensions()
    assert {of[extension] for extension in IMAGE_EXTENSIONS} == {*IMAGE_FORMATS}
