"""What `check` says of YOLO files besides, and how rows and names are changed in place."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from formats.yolo.test_read import BOX, YoloRead, dataset
from helpers import write

from dataforge.findings import Clip, Drop, Edit, Finding, Place, Reorder, Set
from dataforge.formats import Context, Item, SourceText, Text
from dataforge.formats.yolo import FORMAT
from dataforge.io import Root
from dataforge.records import Header, Image
from dataforge.testing import driver

ROWS = "labels/train/a.txt"


def strict(folder: Path) -> list[Any]:
    """All that the reader of `check` yields."""
    return driver.read_all(FORMAT, folder, strict=True, keep_text=True)


def findings(folder: Path, code: str) -> list[Finding]:
    return [one for one in strict(folder) if isinstance(one, Finding) and one.code == code]


def fixed(folder: Path, name: str, code: str) -> str:
    """The new text of a file; each edit of a finding changes something."""
    (data,) = [r.data for r in strict(folder) if isinstance(r, SourceText) and r.file == name]
    found = findings(folder, code)
    for edit in (edit for finding in found for edit in finding.edits):
        assert changes(data, edit)
    return driver.edited(FORMAT, name, data, found).decode()


def changes(data: bytes, edit: Edit) -> list[Any]:
    assert FORMAT.editor is not None
    return list(FORMAT.editor.changes(Text(edit.place.file, data), edit))


# Rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "new"),
    [
        ("0 0.95 0.5 1.2 0.3", "0 0.675 0.5 0.65 0.3"),
        ("0\t0.5  0.5 1.5 .25 0.9 ", "0\t0.5  0.5 1 .25 0.9 "),  # a score stays
        ("0 -0.1 0.5 0.4 0.50", "0 0.05 0.5 0.1 0.50"),
        ("0 -0.5 0 0.5 0 0.5 1.0 -0.5 1.0", "0 0 0 0.5 0 0.5 1.0 0 1.0"),
        ("0 1.5 0.5 0.4 0.5", None),  # nothing of it is inside
        ("0 -0.5 0 -0.2 0 -0.2 1", None),
    ],
)
def test_box_is_clipped_to_the_image(tmp_path: Path, row: str, new: str | None) -> None:
    dataset(tmp_path, f"{BOX}{row}\n{BOX}")
    (finding,) = findings(tmp_path, "outside-unit")
    assert bool(finding.edits) == (new is not None)
    assert fixed(tmp_path, ROWS, "outside-unit") == f"{BOX}{new or row}\n{BOX}"
    write(tmp_path / ROWS, fixed(tmp_path, ROWS, "outside-unit"))
    assert new is None or findings(tmp_path, "outside-unit") == []


def test_row_with_keypoints_is_not_clipped(tmp_path: Path) -> None:
    """The keypoints would have to be clipped as well."""
    row = "0 0.5 0.5 1.2 0.5 0.1 0.1 2 0.2 0.2 1\n"
    dataset(tmp_path, row, "names: [cat]\nkpt_shape: [2, 3]\n")
    (finding,) = findings(tmp_path, "outside-unit")
    assert finding.edits == ()
    (image, _) = [record for record in strict(tmp_path) if isinstance(record, Image)]
    clip = Clip((64, 48), image.instances[0].box)
    assert changes(row.encode(), Edit(Place(ROWS, line=1), clip)) == []


def test_a_row_is_dropped_with_its_line() -> None:
    data = b"\xef\xbb\xbf0 1 1 1 1\r\n\r\n1 1 1 1 1\r\n2 1 1 1 1"
    edits = [Edit(Place(ROWS, line=line), Drop()) for line in (1, 4)]
    made = sorted(change for edit in edits for change in changes(data, edit))
    assert made == [(0, 12, ""), (25, 34, "")]


@pytest.mark.parametrize(
    "edit",
    [
        Edit(Place(ROWS, line=9), Drop()),
        Edit(Place(ROWS), Drop()),
        Edit(Place(ROWS, line=1), Reorder()),
        Edit(Place(ROWS, line=1), Set({"label": "cat"})),
        Edit(Place("data.yaml", "names[7]", line=1), Set({"label": "cat"})),
        Edit(Place("data.yaml", "names[0]", line=1), Set({"id": 7})),
    ],
)
def test_impossible_edits_change_nothing(edit: Edit) -> None:
    data = b"names: [cat]\n" if edit.place.file == "data.yaml" else BOX.encode()
    assert changes(data, edit) == []


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "new"),
    [
        ("names: ['cat ', dog]  # two", 'names: ["cat", dog]  # two'),
        ("names:\n- dog\n- ｃａｔ", 'names:\n- dog\n- "cat"'),
        ("names:\n  0: dog  # the dog\n  5: 'ｎｏ '", 'names:\n  0: dog  # the dog\n  5: "no"'),
        ("names:\n  0: |\n    cat\n  1: dog", 'names:\n  0: "cat"\n  1: dog'),
        ('names: ["ne\\u0301"]', 'names: ["né"]'),
    ],
)
def test_untidy_names_are_fixed(tmp_path: Path, names: str, new: str) -> None:
    dataset(tmp_path, "0 .5 .5 .1 .1\n", f"# classes\n{names}\n")
    front = "train: images/train\nval: images/val\n# classes\n"
    text = fixed(tmp_path, "data.yaml", "untidy-label")
    assert text == f"{front}{new}\n"
    write(tmp_path / "data.yaml", text)
    assert findings(tmp_path, "untidy-label") == []


def test_a_name_that_another_class_has_is_left(tmp_path: Path) -> None:
    dataset(tmp_path, data="names:\n- 'cat '\n- cat\n- ｄｏｇ\n")
    found = findings(tmp_path, "untidy-label")
    assert [(f.place, len(f.edits)) for f in found] == [
        (Place("data.yaml", "names[0]", line=4), 0),
        (Place("data.yaml", "names[2]", line=6), 1),
    ]
    assert found[0].message == "expected 'cat', got 'cat '"


def test_yaml_anchor_is_kept() -> None:
    edit = Edit(Place("data.yaml", "names[0]", line=1), Set({"label": "cat"}))
    assert changes(b"names: [&a 'cat ']\nother: *a\n", edit) == []


def test_findings_only_when_strict_and_selected(tmp_path: Path) -> None:
    dataset(tmp_path, data="names: ['cat ']\n")
    assert YoloRead(tmp_path).codes == []
    context = {"strict": True, "wanted": frozenset({"bad-row"})}
    assert YoloRead(tmp_path, context).codes == []


# The protocol -----------------------------------------------------------------------------------


def test_text_of_each_editable_file_is_yielded_once(tmp_path: Path) -> None:
    dataset(tmp_path, b"\xef\xbb\xbf0 .5 .5 .1 .1")
    write(tmp_path / "train.txt", "images/train/a.jpg\n")
    data = "train: train.txt\nval: images/train\ntest: images\nnames: [cat]\n"
    write(tmp_path / "data.yaml", data)
    write(tmp_path / "labels" / "gone.txt", BOX)
    texts = [record for record in strict(tmp_path) if isinstance(record, SourceText)]
    assert texts == [
        SourceText("data.yaml", data.encode()),
        SourceText(ROWS, b"\xef\xbb\xbf0 .5 .5 .1 .1"),
    ]
    assert not any(isinstance(record, SourceText) for record in driver.read_all(FORMAT, tmp_path))


def test_items_are_read_where_the_names_are_not_known(tmp_path: Path) -> None:
    """A reading goes to the workers before its items are made."""
    dataset(tmp_path, "1 .5 .5 .1 .1")
    reader = driver.reader_of(FORMAT)
    context = Context(resolver=driver.AnyLabel())  # type: ignore[arg-type]
    reading = reader.open(Root(tmp_path), reader.Options(), context)
    elsewhere = pickle.loads(pickle.dumps(reading))
    items = [item for item in reading.items() if isinstance(item, Item)]
    records = [one for item in items for one in elsewhere.read(pickle.loads(pickle.dumps(item)))]
    assert [i.label for one in records if isinstance(one, Image) for i in one.instances] == ["dog"]


def test_each_label_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Including files whose classes are not named."""
    dataset(tmp_path, "3 .5 .5 .1 .1\n10001 .5 .5 .1 .1\n7 x\n")
    (tmp_path / "data.yaml").unlink()
    write(tmp_path / "labels" / "train" / "gone.txt", BOX)
    opened: list[str] = []
    read_bytes = Root.read_bytes

    def noted(root: Root, name: str, limit: int | None = None) -> bytes:
        opened.append(name)
        return read_bytes(root, name, limit)

    monkeypatch.setattr(Root, "read_bytes", noted)
    records = driver.read(FORMAT, tmp_path)
    assert sorted(opened) == [ROWS, "labels/train/gone.txt"]
    (header,) = [record for record in records if isinstance(record, Header)]
    assert [category.name for category in header.categories][-1] == "class_7"
    images = [record for record in records if isinstance(record, Image)]
    assert [i.label for i in images[0].instances] == ["class_3"]
