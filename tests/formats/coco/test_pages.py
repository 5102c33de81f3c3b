"""A file that is read in pages gives the same as one that is read whole."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import picture, write

from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Item
from dataforge.formats.coco import FORMAT, Options, grouping
from dataforge.io import Root
from dataforge.records import Image
from dataforge.testing import driver


def untidy(images: int) -> dict[str, Any]:
    """A file in which much is odd."""
    boxes: list[Any] = [[1, 2, 3, 4], [9, 9, -3, 4], None, "x", ["1", 2, 3, 4]]
    return {
        "images": [
            "no image" if i % 7 == 5 else {"id": i % 11 and i, "file_name": f"{i}.png", "lens": i}
            | ({} if i % 2 else {"width": 64, "height": 48})
            for i in range(images)
        ],
        "annotations": [
            None if i % 23 == 9 else
            {"id": i // 2, "image_id": f"{i % images}" if i % 3 else i % images,
             "category_id": i % 4, "bbox": boxes[i % 5], "note": i}
            for i in range(5 * images)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": "2", "name": " dog"}, {"id": 3}],
    }  # fmt: skip


@pytest.mark.parametrize("strict", [False, True])
def test_page_size_does_not_change_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool
) -> None:
    write(tmp_path / "train.json", untidy(30))
    for number in (3, 4, 9):
        picture(tmp_path / f"{number}.png")
    whole = driver.read(FORMAT, tmp_path, strict=strict)
    assert {one.code for one in whole if isinstance(one, Finding)} >= {"no-area", "bad-value"}
    for limit in ("PAGE_IMAGES", "PAGE_BYTES"):
        monkeypatch.setattr(grouping, limit, 1)
        assert driver.read(FORMAT, tmp_path, strict=strict) == whole


def test_places_are_those_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = untidy(20)
    write(tmp_path / "train.json", file)
    monkeypatch.setattr(grouping, "PAGE_IMAGES", 3)
    found = driver.read(FORMAT, tmp_path, Options(find_images=False))
    images = [one for one in found if isinstance(one, Image)]
    assert len(images) > 3
    for image in images:
        position = int(image.place.pointer.removeprefix("$.images[").rstrip("]"))
        assert file["images"][position]["lens"] == image.extra["coco"]["lens"]
        for instance in image.instances:
            position = int(instance.place.pointer.removeprefix("$.annotations[").rstrip("]"))
            assert instance.extra["coco"]["note"] == position
            assert instance.place.file == image.source == "train.json"


def test_pages_and_the_reading_are_picklable(tmp_path: Path) -> None:
    write(tmp_path / "train.json", untidy(10))
    context: Any = Context(resolver=driver.AnyLabel())  # type: ignore[arg-type]
    reading = driver.reader_of(FORMAT).open(Root(tmp_path), Options(find_images=False), context)
    (item,) = [one for one in reading.items() if isinstance(one, Item)]
    there = pickle.loads(pickle.dumps(reading))
    again = list(there.read(pickle.loads(pickle.dumps(item))))
    assert again == list(reading.read(item))
    assert any(isinstance(one, Image) for one in again)


def test_each_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.json", "b.json", "train.json"):
        write(tmp_path / name, untidy(10))
    opened: list[str] = []
    read_bytes = Root.read_bytes

    def counting(self: Root, name: str, limit: int | None = None) -> bytes:
        opened.append(name)
        return read_bytes(self, name, limit)

    monkeypatch.setattr(Root, "read_bytes", counting)
    found = driver.read(FORMAT, tmp_path, Options(find_images=False), strict=True)
    assert {one.split for one in found if isinstance(one, Image)} == {"a", "b", "train"}
    assert opened == ["a.json", "b.json", "train.json"]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["x.json"], {"x.json": None}),
        (["train.json", "val.json"], {"train.json": "train", "val.json": "val"}),
        (["x.json", "train.json"], {"x.json": "all", "train.json": "train"}),
        (["x.json", "y.json"], {"x.json": "x", "y.json": "y"}),
    ],
)
@pytest.mark.parametrize("others", [0, 2])
def test_other_json_beside_it_is_not_a_split(
    tmp_path: Path, names: list[str], splits: dict[str, str | None], others: int
) -> None:
    picture(tmp_path / "1.png")
    for name in names:
        write(tmp_path / name, untidy(3))
    for number in range(others):
        write(tmp_path / f"val_captions_{number}.json", json.dumps({"info": number}))
    found = driver.read(FORMAT, tmp_path)
    said = {one.source: one.split for one in found if isinstance(one, Image)}
    assert said == splits


def test_files_that_are_named(tmp_path: Path) -> None:
    """Each is of the split that is said, and one may be of two."""
    for name in ("x.json", "y.json", "z.json"):
        write(tmp_path / name, untidy(3))
    files = {"train": "x.json", "val": "y.json", "test": "y.json"}
    found = driver.read(FORMAT, tmp_path, Options(find_images=False, files=files))
    splits = {(one.split, one.source) for one in found if isinstance(one, Image)}
    assert splits == {*files.items()}
    counts = [one.message for one in found if isinstance(one, Finding) and one.code == "no-area"]
    assert len(counts) == 3
    assert len({*counts}) == 1


def test_keys_of_images_and_annotations_survive_with_odd_values(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "a.png", "width": "64", "height": 48, "lens": 1}
    mark = {"id": 1, "image_id": 1, "category_id": 1, "bbox": ["1", 2, 3, 4], "area": 1, "t": [2]}
    write(tmp_path / "x.json", {"images": [image], "annotations": [mark],
                                "categories": [{"id": 1, "name": "cat"}]})  # fmt: skip
    (read,) = [
        one
        for one in driver.read(FORMAT, tmp_path, Options(find_images=False))
        if isinstance(one, Image)
    ]
    assert read.extra == {"coco": {"lens": 1}}
    assert read.instances[0].extra == {"coco": {"t": [2]}}
    assert msgspec.structs.replace(read, instances=()).place == Place("x.json", "$.images[0]")


FLOATS = [[1.1, 2.2, 9.3, 2.4, 9.5, 8.6]]
FORMS: list[dict[str, Any]] = [
    {"segmentation": FLOATS},
    {"segmentation": FLOATS * 2},
    {"segmentation": []},
    {"segmentation": [[]]},
    {"segmentation": [[1, 2, 9, 2, 9]]},
    {"segmentation": [[1, 2, 9, 2, 9, 8, 7]]},
    {"segmentation": [[1, 2, 9, 2, 9e9, 8]]},
    {"segmentation": {"size": [48, 64], "counts": [48 * 64]}},
    {"bbox": [1.1, 2.2, 3.3, 4.4]},
    {"bbox": [5, 5, -3, 4]},
    {"bbox": [1e9, 5, 3, 4]},
    {"iscrowd": 1},
    {"iscrowd": False},
    {"iscrowd": 7},
    {"area": None},
    {"category_id": "1"},
    {"category_id": 9},
    {"attributes": {}},
    {"attributes": {"difficult": True}},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_usual_page_is_read_as_one_with_an_unknown_key(
    form: dict[str, Any], tmp_path: Path
) -> None:
    usual = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 6], "area": 5.5, "iscrowd": 0}
    found = []
    for name, more in (("usual", {}), ("other", {"note": 1})):
        annotations = [{"id": 1} | usual | form, {"id": 2} | usual | more]
        document = {
            "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "cat"}],
        }
        write(tmp_path / name / "a.json", json.dumps(document))
        records = driver.read(FORMAT, tmp_path / name, Options(find_images=False))
        (image,) = [record for record in records if isinstance(record, Image)]
        findings = [record for record in records if isinstance(record, Finding)]
        number = len(image.instances) - 1  # without the one that differs
        found.append((image.instances[:number], findings))
    assert found[0] == found[1]
