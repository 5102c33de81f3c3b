"""What VisDrone's label files are read as; expected values are worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.testing import driver, picture, write

VID = "VisDrone2019-VID-val"
ROWS = """\
1,0,10,12,20,28,1,4,0,1
1,1,1,2,3,4,0,0,0,0
3,0,11,12,20,28,1,4,0,1,
7,0,1,2,3,4,1,1,0,0
7,1,1,2,3,4,1,1,0,0
x,1,1,2,3,4,1,1,0,0
"""


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("visdrone")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def one(folder: Path, row: str) -> Path:
    picture(folder / "images" / "a.jpg")
    write(folder / "annotations" / "a.txt", row)
    return folder


@pytest.mark.parametrize(
    ("row", "label", "crowd"),
    [
        ("1,2,3,4,1,1,0,0", "pedestrian", False),
        ("1,2,3,4,1,10,0,0,", "motor", False),
        ("1,2,3,4,0,1,0,0", "pedestrian", True),
        ("1,2,3,4,1,0,0,0", "ignored regions", True),
        ("1,2,3,4,1,11,0,0", "others", False),
    ],
)
def test_categories_and_scores(tmp_path: Path, row: str, label: str, crowd: bool) -> None:
    found = read(one(tmp_path, row))
    assert (found.instance.label, found.instance.iscrowd) == (label, crowd)
    assert found.instance.box == (1, 2, 4, 6)
    found = read(tmp_path, ignored="drop")
    assert len(found.image.instances) == (not crowd)
    assert found.codes == ["ignored-dropped"] * crowd


def test_detections_keep_their_score(tmp_path: Path) -> None:
    """-1 says that truncation and occlusion are not known."""
    found = read(one(tmp_path, "1.5,2,3,4,0.75,4,-1,-1")).instance
    assert (found.box, found.attributes) == ((1.5, 2, 4.5, 6), {"score": 0.75})


@pytest.mark.parametrize("folder", ["annotations", "labels"])
def test_splits_are_named_by_folders(tmp_path: Path, folder: str) -> None:
    wanted = {"VisDrone2019-DET-train": "train", "VisDrone2019-DET-test-dev": "test", "val": "val"}
    for name in wanted:
        picture(tmp_path / name / "images" / "a.jpg")
        write(tmp_path / name / folder / "a.txt", "1,2,3,4,1,1,0,0")
    assert {image.file_name.split("/")[0]: image.split for image in read(tmp_path).images} == wanted


def test_a_label_file_of_a_video(tmp_path: Path) -> None:
    label = f"{VID}/annotations/uav_1.txt"
    write(tmp_path / label, ROWS)
    for number in (1, 2, 3):
        picture(tmp_path / VID / "sequences" / "uav_1" / f"000000{number}.jpg")
    found = read(tmp_path)
    assert [image.file_name.rpartition("/")[2] for image in found.images] == [
        "0000001.jpg", "0000002.jpg", "0000003.jpg",
    ]  # fmt: skip
    assert {(image.split, image.place) for image in found.images} == {("val", Place(label))}
    assert [len(image.instances) for image in found.images] == [2, 0, 1]
    car, region = found.images[0].instances
    assert (car.label, car.box, car.place.line) == ("car", (10, 12, 30, 40), 1)
    assert car.attributes == {"track_id": 0, "truncation": 0, "occlusion": 1}
    assert (region.label, region.iscrowd) == ("ignored regions", True)
    missing, bad = found.finding("image-missing"), found.finding("bad-row")
    assert (missing.place.line, missing.lost, bad.place.line, bad.lost) == (4, 2, 6, 1)
    assert found.codes == ["bad-row", "image-missing"]


def test_a_video_and_images_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "a" / "annotations" / "uav.txt", "1,0,1,2,3,4,1,4,0,0\n")
    picture(tmp_path / "a" / "sequences" / "uav" / "0000001.jpg")
    one(tmp_path / "b", "1,2,3,4,1,1,0,0")
    assert [image.file_name for image in read(tmp_path).images] == [
        "a/sequences/uav/0000001.jpg", "b/images/a.jpg",
    ]  # fmt: skip


def test_images_without_a_label_file_are_said(tmp_path: Path) -> None:
    one(tmp_path, "")
    picture(tmp_path / "images" / "b.jpg")
    found = read(tmp_path)
    assert found.image.instances == ()
    assert found.finding("image-without-annotation").place == Place("images/b.jpg")


def test_labels_of_yolo_beside_the_annotations_are_passed_over(tmp_path: Path) -> None:
    """As Ultralytics' setup of VisDrone leaves the folders; it writes no file without boxes."""
    for name, row in (("a", "1,2,3,4,1,4,0,0"), ("b", "5,6,7,8,1,1,0,0"), ("c", "")):
        picture(tmp_path / "images" / f"{name}.jpg")
        write(tmp_path / "annotations" / f"{name}.txt", row)
        write(tmp_path / "labels" / f"{name}.txt", row and "3 0.039063 0.083333 0.046875 1\n")
    found = read(tmp_path)
    assert [len(image.instances) for image in found.images] == [1, 1, 0]
    assert {image.place.file.split("/")[0] for image in found.images} == {"annotations"}
    assert str(found.finding("not-of-this-format")) == (
        "labels/a.txt: is not a VisDrone file, but YOLO: ignored, and 2 more files"
    )
    assert found.codes == ["not-of-this-format"]


def test_label_files_that_cannot_be_read_are_not_passed_over(tmp_path: Path) -> None:
    one(tmp_path / "train", "1,2,3,4,1,1,0,0")
    one(tmp_path / "val", "1 2 3 4 1 1 0 0")
    assert read(tmp_path).codes == ["bad-row"]
