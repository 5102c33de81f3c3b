"""What the strict reader says besides, and how it is fixed."""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import SQUARE, Read, document, picture, shape, write
from PIL import Image as PILImage

from dataforge.findings import Edit, Place, Set
from dataforge.formats.base import Context, Item, SourceText
from dataforge.formats.labelme import FORMAT
from dataforge.io import Root
from dataforge.testing import driver

PIXELS = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))  # dark on the left


def strict(folder: Path, *codes: str, **options: Any) -> Read:
    """What the reader of `check` yields where these codes are wanted."""
    read_options = driver.reader_of(FORMAT).Options(**options)
    return Read(driver.read(FORMAT, folder, read_options, strict=True, wanted=frozenset(codes)))


def encoded(pixels: np.ndarray, orientation: int = 1, form: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    PILImage.fromarray(pixels).save(stream, form, exif=exif, quality=60)
    return stream.getvalue()


# The image inside ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (encoded(PIXELS), ""),
        (encoded(PIXELS, form="PNG"), ""),
        (encoded(np.rot90(PIXELS), 6), ""),  # turned right to be shown
        (encoded(PIXELS[:, ::-1]), "a different image"),
        (encoded(PIXELS, 6), "of 48x64 pixels, but a.jpg has 64x48"),
        (encoded(PIXELS)[:200], "cannot be decoded as an image"),
    ],
)
def test_image_data_is_compared_with_the_image(tmp_path: Path, inside: bytes, said: str) -> None:
    write(tmp_path / "a.jpg", encoded(PIXELS))
    held = base64.b64encode(inside).decode()
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=held))
    found = strict(tmp_path, "image-data-differs").findings
    assert [f.code for f in found] == ["image-data-differs"] * bool(said)
    assert all(said in f.message for f in found)
    assert all(f.place == Place("a.json", "$.imageData") and not f.edits for f in found)


@pytest.mark.parametrize(("held", "said"), [("no base64!", "is not base64"), (5, "got")])
def test_image_data_that_is_not_an_image(tmp_path: Path, held: Any, said: str) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=held))
    assert said in strict(tmp_path, "image-data-differs").finding("image-data-differs").message


def test_image_data_is_compared_only_with_image_and_when_selected(tmp_path: Path) -> None:
    held = base64.b64encode(encoded(PIXELS[:, ::-1])).decode()
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=held))
    assert strict(tmp_path, "image-data-differs").codes == ["image-missing"]
    write(tmp_path / "a.jpg", encoded(PIXELS))
    assert strict(tmp_path, "labelme-version").codes == []
    assert Read(driver.read(FORMAT, tmp_path)).codes == []
    assert Read(driver.read(FORMAT, tmp_path, strict=True)).codes == ["image-data-differs"]


# The version -----------------------------------------------------------------------------------


def test_versions_are_summarised_at_the_end(tmp_path: Path) -> None:
    versions = ["5.4.1", None, "2.9", "8.0.0", "3.16.7", 5, "8.1", "7.0"]
    for number, version in enumerate(versions):
        write(tmp_path / f"{number}.json", document(image=f"{number}.jpg", version=version))
        picture(tmp_path / f"{number}.jpg")
    x = shape("cat", SQUARE, kie_linking=[]), shape("cat", SQUARE, difficult=False)
    write(tmp_path / "x.json", document(x[0], image="1.jpg"))
    write(tmp_path / "y.json", document(x[1], image="1.jpg", version="2.4.4"))
    write(tmp_path / "z.json", document(x[1], image="1.jpg"))
    found = strict(tmp_path, "labelme-version").findings
    assert [(str(f.place), f.message.split(" (")[0], f.severity) for f in found] == [
        ("1.json::$.version", "1 file without a version", "note"),
        ("2.json::$.version", "1 file from a version before 3.0", "note"),
        ("3.json::$.version", "2 files from a version after 7", "note"),
        ("x.json::$.version", "2 files from X-AnyLabeling", "note"),
    ]


# The size --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "orientation", "fixed"),
    [
        ({"imageWidth": None}, 0, True),
        ({"imageHeight": 0}, 1, True),
        ({"imageWidth": 63.5}, 6, False),  # nobody knows how it was marked
        ({}, 0, None),
    ],
)
def test_missing_size_is_reported(
    tmp_path: Path, size: dict[str, Any], orientation: int, fixed: bool | None
) -> None:
    content = json.dumps(document(shape("cat", SQUARE), **size), indent=1)
    write(tmp_path / "a.json", content)
    picture(tmp_path / "a.jpg", orientation=orientation)
    found = strict(tmp_path, "no-stated-size").findings
    assert [(f.code, f.severity, str(f.place)) for f in found] == (
        [] if fixed is None else [("no-stated-size", "note", "a.json::$.imageWidth")]
    )
    if fixed:
        (edit,) = found[0].edits
        assert edit == Edit(Place("a.json"), Set({"width": 64, "height": 48}))
    after = driver.edited(FORMAT, "a.json", content.encode(), found)
    wanted = json.dumps(document(shape("cat", SQUARE)), indent=1) if fixed else content
    assert after.decode() == wanted


# Labels ----------------------------------------------------------------------------------------


def test_untidy_labels(tmp_path: Path) -> None:
    labels = ["cat ", "ｄｏｇ", 7, "fox", " "]
    shapes = [*(shape(label, SQUARE) for label in labels), 5, shape(" owl", "far", own=1)]
    picture(tmp_path / "a.jpg")
    content = json.dumps(document(*shapes), ensure_ascii=False)
    write(tmp_path / "a.json", content)
    found = strict(tmp_path, "untidy-label").findings
    untidy = [f for f in found if f.code == "untidy-label"]
    assert [(f.place.pointer, f.message) for f in untidy] == [
        ("$.shapes[0].label", "expected 'cat', got 'cat '"),
        ("$.shapes[6].label", "expected 'owl', got ' owl'"),
        ("$.shapes[1].label", "expected 'dog', got 'ｄｏｇ'"),
    ]
    after = driver.edited(FORMAT, "a.json", content.encode(), untidy).decode()
    assert after == content.replace("cat ", "cat").replace("ｄｏｇ", "dog").replace(" owl", "owl")


def test_a_label_in_escapes_is_written_in_escapes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    content = json.dumps(document(shape("né ", SQUARE)))
    write(tmp_path / "a.json", content)
    found = strict(tmp_path, "untidy-label").findings
    assert b'"n\\u00e9"' in driver.edited(FORMAT, "a.json", content.encode(), found)


def test_files_without_an_image_are_left_alone(tmp_path: Path) -> None:
    content = document(shape("cat ", SQUARE), image=None, version=None, imageWidth=None)
    write(tmp_path / "a.json", content)
    assert Read(driver.read(FORMAT, tmp_path, strict=True)).codes == ["no-image-path"]


# Texts -----------------------------------------------------------------------------------------


class Counting(Root):
    """Counts how often each file is opened."""

    def __init__(self, location: Path) -> None:
        super().__init__(location)
        self.opened: list[str] = []

    def open(self, name: str) -> Any:
        self.opened.append(name)
        return super().open(name)


def test_each_file_is_opened_once_and_its_text_is_yielded(tmp_path: Path) -> None:
    data = base64.b64encode(encoded(PIXELS)).decode()
    for name in "ab":
        picture(tmp_path / f"{name}.jpg", (48, 64))
        content = document(shape("cat ", SQUARE, own=1), image=f"{name}.jpg", imageData=data)
        write(tmp_path / f"{name}.json", json.dumps(content).encode("utf-8-sig"))
    write(tmp_path / "c.json", {})
    root = Counting(tmp_path)
    records = driver.read_all(FORMAT, root, strict=True, keep_text=True)
    texts = [record for record in records if isinstance(record, SourceText)]
    assert [(text.file, text.data) for text in texts] == [
        (name, (tmp_path / name).read_bytes()) for name in ("a.json", "b.json")
    ]
    opened = [name for name in root.opened if name.endswith(".json")]
    assert opened == ["a.json", "b.json", "c.json"]


def test_a_reading_goes_to_another_process(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat ", SQUARE), version=None))
    context: Any = Context(resolver=driver.AnyLabel(), strict=True)  # type: ignore[arg-type]
    reader = driver.reader_of(FORMAT)
    reading = reader.open(Root(tmp_path), reader.Options(), context)
    (item,) = reading.items()
    assert isinstance(item, Item)
    there = pickle.loads(pickle.dumps(reading))
    assert [*there.read(item)] == [*reading.read(item)]
