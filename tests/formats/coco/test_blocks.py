"""A COCO file read in blocks gives what it gives when it is read as a whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataforge.errors import DataforgeError
from dataforge.formats import json_blocks
from dataforge.formats.coco import FORMAT, Options, grouping, tape
from dataforge.io import Root
from dataforge.records import Header
from dataforge.testing import driver

CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dög", "supercategory": "} , {"}]


def read_all(folder: Path) -> Any:
    """The records and findings, and the order of the keys of the dataset; or the error."""
    try:
        found = driver.read(FORMAT, folder, Options(find_images=False), strict=True)
        return found, [[*one.extra.get("coco", ())] for one in found if isinstance(one, Header)]
    except DataforgeError as error:
        return repr(error)


def content(images: int = 40, each: int = 5) -> dict[str, Any]:
    """Images with boxes and outlines; keys before and after the lists."""
    rng = random.Random(0)
    annotations = [
        {"id": number + 1, "image_id": number // each + 1, "category_id": rng.randint(1, 2),
         "bbox": [1, 2, rng.randint(3, 30), 4], "area": 12.5, "iscrowd": 0,
         "segmentation": [[1, 2, 9, 2, 9, rng.randint(5, 30)]], "note": 'a "}, {\\"id\\": 1" b'}
        for number in range(images * each)
    ]  # fmt: skip
    names = [f"é {number}.jpg" for number in range(images)]
    listed = [
        {"id": number, "file_name": name, "width": 64, "height": 48}
        for number, name in enumerate(names, 1)
    ]
    return {
        "tracks": [{"id": n, "name": "y" * 50} for n in range(60)],
        "info": {"description": "[{]", "more": [{"a": [1, {}]}, {}]},
        "images": listed,
        "annotations": annotations,
        "categories": CATEGORIES,
        "videos": [{"id": n, "name": "x" * 50} for n in range(30)],
        "last": -1.5,
    }


def shuffled(found: dict[str, Any]) -> None:
    random.Random(1).shuffle(found["annotations"])


def annotations_first(found: dict[str, Any]) -> None:
    found["images"] = found.pop("images")


def strings_as_ids(found: dict[str, Any]) -> None:
    for image in found["images"]:
        image["id"] = f"0{image['id']}"


def ids_twice(found: dict[str, Any]) -> None:
    for number in (3, 70, 150):
        found["annotations"][number]["id"] = 9
    found["images"][7]["id"] = 3
    found["images"][9] = found["images"][8]


def lists_of_objects_inside(found: dict[str, Any]) -> None:
    for number, annotation in enumerate(found["annotations"]):
        annotation["parts"] = [{"id": number}, {"id": [{}, {"x": "]"}]}, {"id": 2}]


def lacking(found: dict[str, Any]) -> None:
    for number in (5, 60, 61):
        del found["annotations"][number]["image_id"]
        found["annotations"][number + 20]["image_id"] = 1000 + number
        del found["annotations"][number + 40]["iscrowd"]


def no_objects(found: dict[str, Any]) -> None:
    found["annotations"][77] = None
    found["images"][11] = [1]


def huge(found: dict[str, Any]) -> None:
    found["annotations"][50]["id"] = 10**30
    found["annotations"][51]["id"] = 2**40


def nothing_marked(found: dict[str, Any]) -> None:
    found["annotations"] = []


def changed(text: Callable[[str], str | bytes]) -> Callable[[dict[str, Any]], str | bytes]:
    return lambda found: text(json.dumps(found, ensure_ascii=False))


CASES: list[Callable[[dict[str, Any]], Any]] = [
    lambda found: None,
    shuffled,
    annotations_first,
    strings_as_ids,
    ids_twice,
    lists_of_objects_inside,
    lacking,
    no_objects,
    huge,
    nothing_marked,
    lambda found: json.dumps(found, indent=2).replace("\n", "\r\n"),
    lambda found: json.dumps(found, separators=(",", ":")),
    changed(lambda text: b"\xef\xbb\xbf" + text.encode()),
    changed(lambda text: text.encode("gb18030")),
    changed(lambda text: text.encode("utf-16")),
    changed(lambda text: text.replace("12.5", "NaN", 60)),
    changed(lambda text: text.replace(": 12.5", ": 1e999", 3)),
    changed(lambda text: text[:-1] + ', "images": []}'),
    changed(lambda text: text + " \n"),
    changed(lambda text: text + "x"),
    changed(lambda text: text[:9000]),
    changed(lambda text: text[:-1]),
    changed(lambda text: text.replace('"annotations": [', '"annotations": [' + "[" * 120)),
    changed(lambda text: text.replace('"area"', '"area" 1', 1)),
    changed(lambda text: text.replace("}, {", "} {", 1)),
    changed(lambda text: text.replace('"categories"', '"kategorien"')),
    changed(lambda text: text.replace('"images"', '"bilder"')),
]


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("block", [1500, 9000])
def test_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: int, block: int) -> None:
    found = content()
    text = CASES[case](found)
    if text is None:
        text = json.dumps(found)
    (tmp_path / "a.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setattr(grouping, "PAGE_IMAGES", 7)
    whole = read_all(tmp_path)
    monkeypatch.setattr(json_blocks, "BLOCK", block)
    monkeypatch.setattr(tape, "_BLOCK", block)
    monkeypatch.setattr(tape, "_LOT", 2 * block)
    assert read_all(tmp_path) == whole


def test_the_keys_of_the_file_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content()), "utf-8")
    monkeypatch.setattr(json_blocks, "BLOCK", 1500)
    _, keys = read_all(tmp_path)
    assert keys == [["tracks", "info", "videos", "last"]]


def test_that_large_files_are_read_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the test above would show nothing."""

    def refuse(*_: Any) -> None:
        raise AssertionError("is read as a whole")

    for case in (0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 18):
        found = content()
        text = CASES[case](found) or json.dumps(found)
        (tmp_path / "a.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        monkeypatch.setattr(json_blocks, "BLOCK", 1500)
        monkeypatch.setattr(Root, "read_bytes", refuse)
        assert read_all(tmp_path)
