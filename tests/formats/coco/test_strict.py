"""What a strict reader says of COCO files, and the edits that it has for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, Read, picture, write

from dataforge.findings import Clip, Drop, Edit, Finding, Place, Reorder, Set
from dataforge.formats.base import SourceText
from dataforge.formats.coco import FORMAT
from dataforge.testing import driver

IMAGE = {"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}
MARK = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28], "area": 560,
        "iscrowd": 0}  # fmt: skip
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]


def marked(*changes: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A file with an annotation for each of these; a value ... stands for no such key."""
    entries = [MARK | {"id": number} | change for number, change in enumerate(changes, 1)]
    without = [{k: v for k, v in entry.items() if v is not ...} for entry in entries]
    return {"images": [IMAGE], "annotations": without, "categories": CATEGORIES} | keys


def check(folder: Path, file: Any, **context: Any) -> Read:
    write(folder / "x.json", file)
    picture(folder / "a.png")
    records = driver.read(FORMAT, folder, **{"strict": True, **context})
    return Read([one for one in records if isinstance(one, Finding)])


def fixed(folder: Path, found: Read) -> Any:
    data = (folder / "x.json").read_bytes()
    return json.loads(driver.edited(FORMAT, "x.json", data, found.findings))


def edits(finding: Finding) -> list[tuple[str, Any]]:
    assert all(edit.place.file == finding.file for edit in finding.edits)
    return [
        (edit.place.pointer, edit.action.values if isinstance(edit.action, Set) else edit.action)
        for edit in finding.edits
    ]


def test_correct_file_has_no_findings(tmp_path: Path) -> None:
    assert check(tmp_path, marked({}, {})).codes == []


def test_ids_of_annotations(tmp_path: Path) -> None:
    file = marked({}, {"id": 1}, {"id": ...}, {"id": 7}, {"id": [1]})
    found = check(tmp_path, file)
    finding = found.finding("annotation-ids")
    assert edits(finding) == [
        ("$.annotations[1]", {"id": 8}),
        ("$.annotations[2]", {"id": 9}),
        ("$.annotations[4]", {"id": 10}),
    ]
    assert (finding.where, "(3 in this file" in finding.message) == ("$.annotations[1].id", True)
    assert [one["id"] for one in fixed(tmp_path, found)["annotations"]] == [1, 8, 9, 7, 10]


def test_missing_iscrowd_can_be_fixed(tmp_path: Path) -> None:
    found = check(tmp_path, marked({}, {"iscrowd": ...}, {"iscrowd": None}, {"iscrowd": "x"}))
    finding = found.finding("no-iscrowd")
    assert edits(finding) == [
        ("$.annotations[1]", {"iscrowd": 0}),
        ("$.annotations[2]", {"iscrowd": 0}),
    ]
    assert (finding.where, finding.severity) == ("$.annotations[1]", "note")
    assert [one["iscrowd"] for one in fixed(tmp_path, found)["annotations"]] == [0, 0, 0, "x"]


def test_missing_area_can_be_fixed(tmp_path: Path) -> None:
    """What is stated and no number is left to a person."""
    ring = [[0, 0, 10, 0, 0, 5]]
    file = marked({"area": ...}, {"area": None, "segmentation": ring}, {"area": "large"})
    found = check(tmp_path, file)
    finding = found.finding("no-area")
    assert "(3 in this file" in finding.message
    assert edits(finding) == [
        ("$.annotations[0]", {"area": 560.0}),
        ("$.annotations[1]", {"area": 25.0}),
    ]
    assert [one["area"] for one in fixed(tmp_path, found)["annotations"]] == [560, 25, "large"]


def test_missing_size_is_reported(tmp_path: Path) -> None:
    """That of an image with an EXIF turn, and one that is stated as text, stay as they are."""
    picture(tmp_path / "turned.jpg", (30, 20), orientation=6)
    images = [
        {"id": 1, "file_name": "a.png"},
        {"id": 2, "file_name": "turned.jpg"},
        {"id": 3, "file_name": "a.png", "width": 0, "height": "?"},
        {"id": 4, "file_name": "a.png", "width": 0.5, "height": [1]},
    ]
    found = check(tmp_path, marked(images=images))
    finding = found.finding("no-stated-size")
    assert "(4 in this file" in finding.message
    size = {"width": WIDTH, "height": HEIGHT}
    assert edits(finding) == [("$.images[0]", size), ("$.images[3]", size)]
    assert fixed(tmp_path, found)["images"] == [images[0] | size, *images[1:3], images[3] | size]


def test_a_reversed_box(tmp_path: Path) -> None:
    """One that is written as texts is understood, and not changed."""
    boxes: list[list[Any]] = [[30.5, 40, -20.25, 8], [30, 40, -1, -2], ["30", 40, -1, -2]]
    found = check(tmp_path, marked(*({"bbox": box} for box in boxes)))
    reversed_ = [one for one in found.findings if one.code == "reversed-box"]
    assert [edits(one) for one in reversed_] == [
        [("$.annotations[0]", Reorder())],
        [("$.annotations[1]", Reorder())],
        [],
    ]
    assert [one["bbox"] for one in fixed(tmp_path, found)["annotations"]] == [
        [10.25, 40, 20.25, 8], [29, 38, 1, 2], boxes[2],
    ]  # fmt: skip


def test_names_of_categories(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": " cat"}, {"id": 2, "name": "ｄｏｇ"}, {"id": 3, "name": 7}]
    found = check(tmp_path, marked(categories=categories))
    assert [(f.code, f.where) for f in found.findings] == [
        ("untidy-label", "$.categories[0].name"),
        ("untidy-label", "$.categories[1].name"),
    ]
    assert [one["name"] for one in fixed(tmp_path, found)["categories"]] == ["cat", "dog", 7]


def test_ids_of_categories(tmp_path: Path) -> None:
    write(tmp_path / "w.json", marked({}))
    categories = [{"id": 5, "name": "cat"}, {"id": 7, "name": "dog"}, {"id": "x", "name": "cow"}]
    found = check(tmp_path, marked(categories=categories))
    gap = found.finding("category-id-gap")
    assert (gap.file, gap.where, gap.severity) == ("x.json", "$.categories", "note")
    assert "2 categories have ids from 5 to 7" in gap.message  # "x" is no number
    differ = found.finding("category-ids-differ")
    assert (differ.file, differ.where) == ("x.json", "$.categories")
    assert "'cat' has the id 5, but 1 in w.json, and 1 more" in differ.message


def test_unselected_codes_are_not_checked(tmp_path: Path) -> None:
    file = marked({"iscrowd": ..., "area": ...}, categories=[{"id": 1, "name": "cat "}])
    assert check(tmp_path, file, wanted=frozenset({"no-iscrowd"})).codes == [
        "no-iscrowd",
        "no-area",
    ]
    lenient = check(tmp_path, file, strict=False)
    assert lenient.codes == ["no-area"]
    assert lenient.findings[0].edits == ()


def test_text_is_kept_on_request(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(marked({})).encode()
    write(tmp_path / "x.json", data)
    write(tmp_path / "y.json", "{}")
    picture(tmp_path / "a.png")
    records = driver.read_all(FORMAT, tmp_path, keep_text=True)
    texts = [one for one in records if isinstance(one, SourceText)]
    assert texts == [SourceText("x.json", data)]


# Edits of checks --------------------------------------------------------------------------------


def edited(text: str, *changes: tuple[str, Any]) -> str:
    """A file's text after edits."""
    code = Finding(
        code="x", severity="note", place=Place("x.json"), message="",
        edits=tuple(Edit(Place("x.json", pointer), action) for pointer, action in changes),
    )  # fmt: skip
    return driver.edited(FORMAT, "x.json", text.encode(), [code]).decode()


def annotation(text: str) -> str:
    return f'{{"annotations": [ {text} ]}}'


def test_an_area_is_written_as_the_one_before(tmp_path: Path) -> None:
    text = annotation('{"area": 3.50, "x": NaN}')
    new = edited(text, ("$.annotations[0]", Set({"area": 12.0})))
    assert new == annotation('{"area": 12.0, "x": NaN}')


@pytest.mark.parametrize(
    ("pointer", "action"),
    [
        ("$.annotations[1]", Set({"area": 1})),
        ("$.annotations[0]", Set({"area": 1, "width": 2})),
        ("$.annotations[0]", Set({"label": "cat"})),
        ("$.annotations[0].bbox", Reorder()),
        ("$.annotations[0]", Reorder()),
        ("$.annotations[0]", Clip((64, 48), (70, 0, 80, 10))),
        ("$.images[0]", Drop()),
        ("$.info", Set({"label": "cat"})),
        ("", Drop()),
    ],
)
def test_uneditable_places_stay_unchanged(pointer: str, action: Any) -> None:
    text = '{"annotations": [{"bbox": [1, 2, 3, 4]}], "images": [{}], "info": {"a": {}}}'
    assert edited(text, (pointer, action)) == text


def test_annotations_are_dropped() -> None:
    text = annotation('{"id": 1},\n {"id": 2},\n {"id": 3}')
    for dropped in ((0,), (1,), (2,), (0, 1), (2, 0), (1, 2), (2, 1, 0)):
        drops = [(f"$.annotations[{index}]", Drop()) for index in dropped]
        new = json.loads(edited(text, *drops))
        left = [number for number in (1, 2, 3) if number - 1 not in dropped]
        assert [one["id"] for one in new["annotations"]] == left


@pytest.mark.parametrize(
    ("before", "box", "after"),
    [
        (
            '{"bbox": [-5.5, 20, 20.25, 10], "area": 202.5}',
            (-5.5, 20, 14.75, 30),
            '{"bbox": [0, 20, 14.75, 10], "area": 147.5}',
        ),
        (
            '{"bbox": [50, 10, 20, 20], "segmentation": [[50 , 10, 70, 10, 70, 30, 50, 30]]}',
            (50, 10, 70, 30),
            '{"bbox": [50, 10, 14, 20], "segmentation": [[50 , 10 , 64 , 10 , 64 , 30 , 50 , 30]]}',
        ),
        # the outline as a whole is outside, so that only the box is cut
        (
            '{"bbox": [60, 0, 9, 9], "area": 7, "segmentation": [[65, 0, 69, 0, 69, 9]]}',
            (60, 0, 69, 9),
            '{"bbox": [60, 0, 4, 9], "area": 7, "segmentation": [[65, 0, 69, 0, 69, 9]]}',
        ),
        # a ring that cannot be used: what is left of the outline is not the whole
        (
            '{"bbox": [60, 0, 9, 9], "area": 7, "segmentation": [[60, 0, 69, 0, 69, 9], [1, 2]]}',
            (60, 0, 69, 9),
            '{"bbox": [60, 0, 4, 9], "area": 7, "segmentation": [[60, 0, 69, 0, 69, 9], [1, 2]]}',
        ),
        # a mask ends at its image anyway
        (
            '{"bbox": [60, 0, 9, 9], "area": 1, "segmentation": {"size": [48, 64],'
            ' "counts": [0, 1, 3071]}, "x": NaN}',
            (60, 0, 69, 9),
            '{"bbox": [60, 0, 4, 9], "area": 1, "segmentation": {"size": [48, 64],'
            ' "counts": [0, 1, 3071]}, "x": NaN}',
        ),
        ('{"bbox": [70.5, 5, -20.25, 10.0]}', (50.25, 5, 70.5, 15),
         '{"bbox": [50.25, 5, 13.75, 10.0]}'),
        ('{"bbox": ["60", 0, 9, 9]}', (60, 0, 69, 9), '{"bbox": ["60", 0, 9, 9]}'),
    ],
)  # fmt: skip
def test_annotations_are_clipped(before: str, box: Any, after: str) -> None:
    new = edited(annotation(before), ("$.annotations[0]", Clip((64, 48), box)))
    assert new == annotation(after)
