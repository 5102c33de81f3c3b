"""What lists of faces are read as; expected values are worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.io import MAX_OBJECTS
from dataforge.records import Category, Header
from dataforge.testing import driver, picture, write

POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
ROW = "10 12 20 28 0 0 0 0 0 0 "


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("widerface")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def listed(folder: Path, text: str, name: str = "wider_face_train_bbx_gt.txt") -> Path:
    picture(folder / "a.jpg")
    write(folder / name, text)
    return folder


def test_a_row_is_corner_and_size(tmp_path: Path) -> None:
    found = read(listed(tmp_path, f"a.jpg\n1\n{ROW}\n"))
    assert (found.instance.label, found.instance.box) == ("face", (10, 12, 30, 40))
    assert found.findings == []


def test_invalid_faces_are_left_out_on_request(tmp_path: Path) -> None:
    listed(tmp_path, f"a.jpg\n2\n{ROW}\n1 2 3 4 0 0 0 1 0 0 \n")
    assert [one.iscrowd for one in read(tmp_path).image.instances] == [False, True]
    found = read(tmp_path, ignored="drop")
    assert found.instance.box == (10, 12, 30, 40)
    finding = found.finding("ignored-dropped")
    assert (finding.place.line, finding.lost, finding.severity) == (4, 1, "note")


def test_a_row_of_zeros_stands_for_no_face(tmp_path: Path) -> None:
    found = read(listed(tmp_path, "a.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"))
    assert (found.image.instances, found.findings) == ((), [])
    assert found.headers == [Header(categories=(Category(name="face"),))]


def test_a_face_without_area_is_kept_for_check_to_say(tmp_path: Path) -> None:
    """WIDER FACE has some in its training set."""
    found = read(listed(tmp_path, "a.jpg\n1\n5 6 0 9 2 0 0 1 2 0 \n"))
    assert (found.instance.box, found.instance.area) == ((5, 6, 5, 15), 0)


@pytest.mark.parametrize(
    ("stated", "rows", "lost"),
    [("3", 2, 1), ("1", 2, 0), ("0", 1, 0), ("999999999", 0, MAX_OBJECTS)],
)
def test_another_number_than_stated_is_said(
    tmp_path: Path, stated: str, rows: int, lost: int
) -> None:
    found = read(listed(tmp_path, f"a.jpg\n{stated}\n" + f"{ROW}\n" * rows))
    assert len(found.image.instances) == rows
    finding = found.finding("count-differs")
    assert (finding.place.line, finding.lost) == (1, lost)


def test_the_class_can_be_named(tmp_path: Path) -> None:
    found = read(listed(tmp_path, f"a.jpg\n1\n{ROW}\n"), label="head")
    assert found.instance.label == "head"
    assert found.headers[0].categories[0].name == "head"


def test_lists_of_names_are_no_lists_of_faces(tmp_path: Path) -> None:
    listed(tmp_path, "a.jpg\nb.jpg\n", "wider_face_test_filelist.txt")
    found = read(tmp_path)
    assert found.images == []
    assert found.headers == []
    assert found.codes == ["not-of-this-format"]


def test_crlf_and_blank_lines(tmp_path: Path) -> None:
    found = read(listed(tmp_path, f"a.jpg\r\n\r\n1\r\n{ROW}\r\n"))
    assert found.instance.place == Place("wider_face_train_bbx_gt.txt", line=4)


def test_retinaface_marks_five_points(tmp_path: Path) -> None:
    """0 is visible, 1 hidden, -1 not labelled: InsightFace's reader of RetinaFace."""
    points = "11.5 20 0.0 25 21 1.0 -1 -1 -1 14 33 0.0 24 34 0.0"
    rows = f"10 12 20 28 {points} 0.82\n5 6 7 8 {' '.join(['-1'] * 15)} 0.3\n"
    write(tmp_path / "train" / "label.txt", f"# a.jpg\n{rows}# b.jpg\n")
    for name in "ab":
        picture(tmp_path / "train" / "images" / f"{name}.jpg")
    found = read(tmp_path)
    first, second = found.images[0].instances
    assert first.box == (10, 12, 30, 40)
    assert first.keypoints == (11.5, 20, 2, 25, 21, 1, 0, 0, 0, 14, 33, 2, 24, 34, 2)
    assert first.attributes == {"blur": 0.82}
    assert (second.box, second.keypoints) == ((5, 6, 12, 14), ())
    assert [(one.file_name, one.split) for one in found.images] == [
        ("train/images/a.jpg", "train"),
        ("train/images/b.jpg", "train"),
    ]
    assert found.headers == [Header(categories=(Category(name="face", keypoints=POINTS),))]
    assert found.findings == []


def test_retinaface_without_points(tmp_path: Path) -> None:
    """Its label.txt of the validation set."""
    found = read(listed(tmp_path, "# a.jpg\n10 12 20 28\n", "label.txt"))
    assert (found.instance.box, found.instance.keypoints) == ((10, 12, 30, 40), ())


def test_more_faces_than_any_image_has(tmp_path: Path) -> None:
    rows = MAX_OBJECTS + 1
    found = read(listed(tmp_path, f"a.jpg\n{rows}\n" + f"{ROW}\n" * rows))
    assert found.images == []
    assert found.finding("too-many-objects").lost == rows


def test_a_file_of_nothing_but_names_of_images_is_refused(tmp_path: Path) -> None:
    """Each would cost hundreds of bytes, and has a few in the file."""
    found = read(listed(tmp_path, "a.jpg\n1\n" + "a.jpg\n" * 1_000_002))
    assert found.images == []
    assert "holds more than 1,000,000 entries" in found.finding("unreadable-labels").message
