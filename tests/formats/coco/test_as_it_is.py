"""What is said of COCO files that others read, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, Read, picture, write

from dataforge.errors import ParseError
from dataforge.findings import Finding
from dataforge.formats.coco import FORMAT, Options
from dataforge.records import Header
from dataforge.testing import driver

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}


def as_it_is(root: Path, content: Any) -> Read:
    """What is yielded for a file beside its images a.jpg and d/b.jpg."""
    write(root / "x.json", content)
    for name in ("a.jpg", "d/b.jpg"):
        picture(root / "images" / name)
    return Read([one for one in survey(root, {"train": "x.json"}) if not isinstance(one, Header)])


def survey(root: Path, files: dict[str, str]) -> list[Any]:
    options = Options(image_dir=str(root / "images"), files=files, as_it_is=True)
    return driver.read(FORMAT, root, options)


MARKED = {"bbox": [1, 2, 3, 4], "area": 12}
FILE = {
    "images": [SIZE | {"id": 1, "file_name": "a.jpg"}, SIZE | {"id": 2, "file_name": "d/b.jpg"}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [MARKED | {"id": n, "image_id": n, "category_id": 1} for n in (1, 2)],
}


def test_plain_file_has_no_findings(tmp_path: Path) -> None:
    found = as_it_is(tmp_path, FILE)
    assert [(one.file_name, len(one.instances), one.split) for one in found.images] == [
        ("a.jpg", 1, "train"),
        ("d/b.jpg", 1, "train"),
    ]
    assert found.findings == []


def test_constructs_other_readers_reject_are_counted_errors(tmp_path: Path) -> None:
    file = FILE | {
        "images": [
            SIZE | {"id": number, "file_name": name}
            for number, name in (("1", "a.jpg"), (2, "d\\b.jpg"))
        ],
        "annotations": [MARKED | {"id": 5, "image_id": n, "category_id": "1"} for n in (1, 2)],
    }  # fmt: skip
    found = as_it_is(tmp_path, b"\xef\xbb\xbf" + json.dumps(file).encode())
    assert [(one.file_name, len(one.instances)) for one in found.images] == [
        ("a.jpg", 1),
        ("d/b.jpg", 1),
    ]
    assert {finding.code: finding.where for finding in found.findings} == {
        "byte-order-mark": "",
        "backslashes": "$.images[1].file_name",
        "ids-of-two-kinds": "$.annotations[0].image_id",
        "annotation-ids": "$.annotations[1].id",
    }
    assert {finding.severity for finding in found.findings} == {"error"}
    assert "(3 in this file" in found.finding("ids-of-two-kinds").message
    write(tmp_path / "in" / "x.json", file)
    lenient = driver.read(FORMAT, tmp_path / "in", Options(find_images=False))
    assert [one.code for one in lenient if isinstance(one, Finding)] == ["annotation-ids"]


def test_non_coco_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"x\.json::\$: is not a COCO file: no list of images"):
        as_it_is(tmp_path, {"shapes": []})
