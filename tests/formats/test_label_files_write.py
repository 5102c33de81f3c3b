"""Class names in formats whose rows are split at white space; expected values by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import document, picture, shape, write

from dataforge.jobs import Job, Report
from dataforge.verbs.convert import convert

SPELLINGS = ["red car", "red  car", "red\tcar", "red\u00a0car"]


def run(source: Path, out: Path, reads: str, writes: str) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes,
                       image_mode="copy"))  # fmt: skip


def written(folder: Path, writes: str, *labels: str) -> Report:
    """The report on an image with an object of each class, written to OUT."""
    corners = [[1, 2], [9, 2], [9, 8], [1, 8]]
    write(folder / "in" / "a.json", document(*(shape(label, corners) for label in labels)))
    picture(folder / "in" / "a.jpg")
    return run(folder / "in", folder / "out", "labelme", writes)


def said(report: Report, code: str) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in report.findings if one.code == code]


def read_back(folder: Path, reads: str) -> list[tuple[str, int]]:
    """(class, iscrowd) of each object of OUT."""
    run(folder / "out", folder / "coco", reads, "coco")
    (file,) = (folder / "coco" / "annotations").iterdir()
    found = json.loads(file.read_bytes())
    names = {one["id"]: one["name"] for one in found["categories"]}
    return [(names[one["category_id"]], one["iscrowd"]) for one in found["annotations"]]


@pytest.mark.parametrize(("name", "title"), [("kitti", "KITTI"), ("dota", "DOTA")])
def test_classes_that_become_one_are_an_error(tmp_path: Path, name: str, title: str) -> None:
    report = written(tmp_path, name, *SPELLINGS, "bus")
    assert said(report, "class-name-not-kept") == [
        (
            "error",
            f"4 classes whose names differ only in white space ({', '.join(sorted(SPELLINGS))}): "
            f"the rows of {title} cannot tell them apart, and they are read back as one",
        )
    ]
    assert read_back(tmp_path, name) == [("red car", 0)] * 4 + [("bus", 0)]


@pytest.mark.parametrize("name", ["kitti", "dota"])
def test_a_name_that_changes_is_said(tmp_path: Path, name: str) -> None:
    report = written(tmp_path, name, "red\tcar", "blue car", "bus")
    ((severity, message),) = said(report, "class-name-not-kept")
    assert severity == "warning"
    assert message.startswith("1 class whose name has white space that ")
    assert message.endswith(" cannot store (red\tcar): written with single spaces")
    ((_, message),) = said(report, "class-name-with-space")
    assert message.startswith("2 classes with spaces in their names (blue car, red\tcar): ")
    assert read_back(tmp_path, name) == [("red car", 0), ("blue car", 0), ("bus", 0)]


@pytest.mark.parametrize("name", ["kitti", "dota"])
def test_a_class_without_objects_joins_none(tmp_path: Path, name: str) -> None:
    """Of two spellings in COCO's list only one has objects, and its name is kept."""
    box = {"image_id": 1, "bbox": [1, 2, 8, 6], "area": 48, "iscrowd": 0}
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "red car"}, {"id": 2, "name": "red  car"}],
        "annotations": [{"id": 1, "category_id": 1, "segmentation": [], **box}],
    }
    write(tmp_path / "in" / "coco.json", json.dumps(content))
    picture(tmp_path / "in" / "a.jpg", (64, 48))
    assert said(run(tmp_path / "in", tmp_path / "out", "coco", name), "class-name-not-kept") == []


def test_objects_of_a_class_that_kitti_reads_as_a_region_are_counted(tmp_path: Path) -> None:
    report = written(tmp_path, "kitti", "DontCare", "car", "DontCare", "dontcare")
    assert said(report, "reserved-class-name") == [
        (
            "warning",
            "2 instances of a class named DontCare: KITTI reads this name as a region to ignore; "
            "this is the first",
        )
    ]
    back = read_back(tmp_path, "kitti")
    assert back == [("DontCare", 1), ("car", 0), ("DontCare", 1), ("dontcare", 0)]


def test_regions_of_kitti_are_written_to_it_without_a_word(tmp_path: Path) -> None:
    row = "DontCare -1 -1 -10 1 2 9 8 -1 -1 -1 -1000 -1000 -1000 -10\n"
    write(tmp_path / "in/training/label_2/1.txt", row)
    picture(tmp_path / "in/training/image_2/1.png")
    assert run(tmp_path / "in", tmp_path / "out", "kitti", "kitti").findings == []


def test_dota_has_no_such_name(tmp_path: Path) -> None:
    assert said(written(tmp_path, "dota", "DontCare"), "reserved-class-name") == []
    assert read_back(tmp_path, "dota") == [("DontCare", 0)]
