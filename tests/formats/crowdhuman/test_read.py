"""What CrowdHuman's files are read as; expected values are worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataforge.formats import get_format
from dataforge.testing import driver, picture, write

PERSON: dict[str, Any] = {
    "tag": "person", "fbox": [-4, 2, 30, 60], "vbox": [0, 2, 20, 40], "hbox": [5, 3, 8, 9],
    "head_attr": {"ignore": 1, "occ": 0, "unsure": 0}, "extra": {"box_id": 0, "occ": 1},
}  # fmt: skip


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("crowdhuman")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def one(folder: Path, *objects: Any) -> Path:
    picture(folder / "Images" / "a.jpg")
    write(folder / "annotation_val.odgt", json.dumps({"ID": "a", "gtboxes": [*objects]}) + "\n")
    return folder


@pytest.mark.parametrize(
    ("box", "label", "edges", "crowd", "others"),
    [
        ("full", "person", (-4, 2, 26, 62), False, {"vbox", "hbox"}),
        ("visible", "person", (0, 2, 20, 42), False, {"fbox", "hbox"}),
        ("head", "head", (5, 3, 13, 12), True, {"fbox", "vbox"}),
    ],
)
def test_which_box_is_read(
    tmp_path: Path, box: str, label: str, edges: Any, crowd: bool, others: set[str]
) -> None:
    """A full box may leave the image; a head may be ignored where the person is not."""
    found = read(one(tmp_path, PERSON), box=box)
    assert (found.instance.label, found.instance.box) == (label, edges)
    assert found.instance.iscrowd is crowd
    assert found.instance.attributes.keys() == others | {"head_attr", "extra"}
    assert all(found.instance.attributes[name] == PERSON[name] for name in others)
    assert found.findings == []


@pytest.mark.parametrize(
    ("keys", "crowd"),
    [
        ({"tag": "mask"}, True),
        ({"tag": "mask", "extra": {}}, True),
        ({"extra": {"ignore": 1}}, True),
        ({"extra": {"ignore": 0}}, False),
        ({"extra": None}, False),
    ],
)
def test_what_is_ignored(tmp_path: Path, keys: dict[str, Any], crowd: bool) -> None:
    found = read(one(tmp_path, PERSON | keys))
    assert (found.instance.label, found.instance.iscrowd) == ("person", crowd)
    found = read(tmp_path, ignored="drop")
    assert len(found.image.instances) == (not crowd)
    assert found.codes == ["ignored-dropped"] * crowd


def test_a_missing_box_is_located(tmp_path: Path) -> None:
    found = read(one(tmp_path, {"tag": "person", "fbox": [1, 2, 3, 4]}), box="visible")
    finding = found.finding("bad-entry")
    assert (str(finding.place), finding.message) == (
        "annotation_val.odgt:1",
        "gtboxes[0].vbox: expected a list of four numbers",
    )


def test_a_cut_off_line_costs_its_own_objects(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    line = json.dumps({"ID": "a", "gtboxes": [PERSON]})
    cut = json.dumps({"ID": "b", "gtboxes": [PERSON, PERSON, PERSON]})[:-20]
    write(tmp_path / "annotation_train.odgt", f"{line}\n{cut}\n")
    found = read(tmp_path)
    assert len(found.image.instances) == 1
    assert found.finding("bad-entry").lost == 3


def test_nan_in_a_line_is_read_as_nothing(tmp_path: Path) -> None:
    found = read(one(tmp_path, PERSON, PERSON | {"fbox": [float("nan"), 1, 2, 3]}))
    assert len(found.image.instances) == 1
    assert found.codes == ["nan", "bad-entry"]


def test_images_of_lines_that_cannot_be_read_are_not_without_labels(tmp_path: Path) -> None:
    one(tmp_path, {"tag": "person", "fbox": [1, 2, 3, 4]})
    picture(tmp_path / "Images/other.jpg")
    assert read(tmp_path).codes == ["image-without-labels"]
    file = tmp_path / "annotation_val.odgt"
    write(file, file.read_text() + '{"ID": "other", "gtboxes": [{"tag": "person", "fbox": [1')
    assert read(tmp_path).codes == ["bad-entry"]
