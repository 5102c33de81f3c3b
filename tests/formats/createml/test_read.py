"""What CreateML files are read as; expected values are worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.io import MAX_OBJECTS
from dataforge.testing import driver, picture, write


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("createml")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def box(label: Any = "cat", x: Any = 20, y: Any = 26, width: Any = 20, height: Any = 28) -> Any:
    return {"label": label, "coordinates": {"x": x, "y": y, "width": width, "height": height}}


def one(folder: Path, *objects: Any, name: str = "a.jpg") -> Path:
    picture(folder / "a.jpg")
    write(folder / "x.json", [{"image": name, "annotations": [*objects]}])
    return folder


def test_x_and_y_are_the_centre(tmp_path: Path) -> None:
    """Apple's example: a box of 20 x 28 around (20, 26) goes from (10, 12) to (30, 40)."""
    found = read(one(tmp_path, box())).instance
    assert (found.label, found.box, found.area) == ("cat", (10, 12, 30, 40), 560)


def test_half_pixels_are_kept(tmp_path: Path) -> None:
    assert read(one(tmp_path, box("cat", 1.5, 2.25, 3, 0.5))).instance.box == (0, 2, 3, 2.5)


def test_numbers_written_as_text_and_labels_that_are_numbers(tmp_path: Path) -> None:
    found = read(one(tmp_path, box(7, "20", "26", "20", "28"))).instance
    assert (found.label, found.box) == ("7", (10, 12, 30, 40))


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (box(label=""), ""),
        (box(label=["cat"]), ""),
        (box(x=None), ".coordinates"),
        (box(x=True), ".coordinates"),
        (box(width="nan"), ".coordinates"),
        (box(width=1e8), ".coordinates"),
        ({"label": "cat"}, ""),
        ("cat", ""),
    ],
)
def test_a_bad_object_costs_itself_alone(tmp_path: Path, bad: Any, where: str) -> None:
    found = read(one(tmp_path, bad, box()))
    assert [instance.box for instance in found.image.instances] == [(10, 12, 30, 40)]
    finding = found.finding("bad-entry")
    assert (finding.place, finding.lost) == (Place("x.json", f"$[0].annotations[0]{where}"), 1)


def test_nan_is_located_and_the_rest_is_read(tmp_path: Path) -> None:
    text = json.dumps([{"image": "a.jpg", "annotations": [box(x=float("nan")), box()]}])
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", text)
    found = read(tmp_path)
    assert found.codes == ["nan", "bad-entry"]
    assert len(found.image.instances) == 1


def test_numbers_of_any_length(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    digits = "9" * 5000
    text = json.dumps([{"image": "a.jpg", "annotations": [box(x=123456), box()]}])
    write(tmp_path / "x.json", text.replace("123456", digits))
    assert read(tmp_path).codes == ["bad-entry"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[[]]" * 9, "", "null", "7"])
def test_deep_and_other_json_is_refused_or_left_out(tmp_path: Path, text: str) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", text)
    found = read(tmp_path)
    assert found.images == []
    assert set(found.codes) <= {"unreadable-json", "not-of-this-format"}
    assert found.codes


def test_more_objects_than_any_image_has(tmp_path: Path) -> None:
    found = read(one(tmp_path, *[box()] * (MAX_OBJECTS + 1)))
    assert found.images == []
    assert found.finding("too-many-objects").lost == MAX_OBJECTS + 1


def test_images_are_looked_for_nearest_the_file(tmp_path: Path) -> None:
    """Roboflow's folders: names of images are relative to the file's own."""
    for split in ("train", "valid"):
        picture(tmp_path / split / "a.jpg")
        entry = {"image": "a.jpg", "annotations": [box()]}
        write(tmp_path / split / "_annotations.createml.json", [entry])
    found = read(tmp_path)
    assert [(image.file_name, image.split) for image in found.images] == [
        ("train/a.jpg", "train"),
        ("valid/a.jpg", "val"),
    ]


@pytest.mark.parametrize("written", ["C:\\me\\a.jpg", "/home/me/a.jpg", "x\\..\\a.jpg", "A.JPG"])
def test_an_image_found_by_the_only_name_that_fits(tmp_path: Path, written: str) -> None:
    assert read(one(tmp_path, box(), name=written)).image.file_name == "a.jpg"


def test_a_missing_image_is_counted_with_its_objects(tmp_path: Path) -> None:
    one(tmp_path, box(), box())
    write(tmp_path / "y.json", [{"image": "b.jpg", "annotations": [box(), box()]}])
    found = read(tmp_path)
    assert len(found.images) == 1
    assert found.finding("image-missing").lost == 2


def test_images_in_a_folder_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "labels" / "x.json", [{"image": "a.jpg", "annotations": [box()]}])
    picture(tmp_path / "there" / "a.jpg")
    found = read(tmp_path / "labels", image_dir=str(tmp_path / "there"))
    assert found.image.file_name == "a.jpg"


def test_images_that_nobody_names_are_said(tmp_path: Path) -> None:
    one(tmp_path, box())
    picture(tmp_path / "b.jpg")
    finding = read(tmp_path).finding("image-without-labels")
    assert (finding.place, finding.lost) == (Place("b.jpg"), 0)


def test_other_json_in_the_folder_is_named_once(tmp_path: Path) -> None:
    one(tmp_path, box())
    write(tmp_path / "coco.json", {"images": [], "annotations": [], "categories": []})
    write(tmp_path / "list.json", [1, 2])
    finding = read(tmp_path).finding("not-of-this-format")
    assert finding.message == "is not a CreateML file: ignored, and 1 more file"


def test_a_negative_size_is_put_in_order(tmp_path: Path) -> None:
    """Around (20, 26), -20 wide: from 30 to 10, written back to front."""
    found = read(one(tmp_path, box(width=-20)))
    assert (found.instance.box, found.instance.area) == ((10, 12, 30, 40), 560)
    finding = found.finding("reversed-box")
    assert finding.place == Place("x.json", "$[0].annotations[0].coordinates")
    assert finding.message == "corners of 'cat' are reversed (30, 12, 10, 40): reordered"


def test_an_image_that_another_file_names_is_not_borrowed(tmp_path: Path) -> None:
    """A/1.jpg is gone: B/1.jpg is B's own."""
    picture(tmp_path / "B" / "1.jpg")
    for folder in "AB":
        write(tmp_path / folder / "x.json", [{"image": "1.jpg", "annotations": [box(folder)]}])
    found = read(tmp_path)
    assert [(one.file_name, one.instances[0].label) for one in found.images] == [("B/1.jpg", "B")]
    finding = found.finding("image-missing")
    assert (finding.place.file, finding.lost) == ("A/x.json", 1)
    assert "B/1.jpg is that of B/x.json" in finding.message


def test_an_image_in_another_folder_than_written_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "camB" / "1.jpg")
    write(tmp_path / "x.json", [{"image": "camA/1.jpg", "annotations": [box()]}])
    found = read(tmp_path)
    assert found.image.file_name == "camB/1.jpg"
    finding = found.finding("image-name-differs")
    assert finding.severity == "warning"
    assert finding.message == "camA/1.jpg does not exist: camB/1.jpg of another folder is used"
