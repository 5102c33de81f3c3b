"""COCO as it is written, and written again after it was read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from helpers import (
    HEIGHT,
    WIDTH,
    load_coco,
    write,
)
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from dataforge.errors import OutputError, ParseError, UsageError
from dataforge.findings import Place
from dataforge.formats.coco import FORMAT, Options, WriteOptions, image_names
from dataforge.io import Root
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import driver

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
CAT = Instance(label="cat", box=(10, 12, 30.5, 40), area=574)
DOG = Instance(label="dog", box=(0, 0, 4, 5), area=20)


def images(*names: str, instances: tuple[Instance, ...] = ()) -> list[Image]:
    return [Image(file_name=name, instances=instances, **SIZE) for name in names]


# Writing ---------------------------------------------------------------------------------------


def write_coco(out: Path, splits: Any, classes: list[str], **options: Any) -> None:
    header = Header(categories=tuple(Category(name=name) for name in classes))
    assert driver.write(FORMAT, out, splits, header, WriteOptions(**options)) == []


def test_the_whole_file(tmp_path: Path) -> None:
    square = Polygons(((10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0),))
    outline = Instance(
        label="dog", box=(10, 10, 30, 30), area=400, shape=square, difficult=True, iscrowd=True,
        place=Place("", line=3), attributes={"pose": "Left"},
    )  # fmt: skip
    marked = Image(
        file_name="d/ü.jpg", instances=(CAT, outline), attributes={"flags": {"x": 1}}, **SIZE
    )
    write_coco(tmp_path, {"val": [*images("a.jpg"), marked]}, ["dog", "bird", "cat"])
    written = tmp_path / "annotations" / "instances_val.json"
    assert json.loads(written.read_text("utf-8")) == {
        "info": {"description": "", "version": "1.0"},
        "licenses": [],
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48},
            {"id": 2, "file_name": "d/ü.jpg", "width": 64, "height": 48,
             "attributes": {"flags": {"x": 1}}},
        ],
        "annotations": [
            {"id": 1, "image_id": 2, "category_id": 3, "bbox": [10, 12, 20.5, 28], "area": 574,
             "iscrowd": 0, "segmentation": []},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 400,
             "iscrowd": 1, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]],
             "attributes": {"pose": "Left", "difficult": True}},
        ],
        "categories": [
            {"id": 1, "name": "dog", "supercategory": ""},
            {"id": 2, "name": "bird", "supercategory": ""},
            {"id": 3, "name": "cat", "supercategory": ""},
        ],
    }  # fmt: skip


def test_ids_are_contiguous_and_every_split_has_all_categories(tmp_path: Path) -> None:
    splits = {
        "train": images("a.jpg", "b.jpg", instances=(CAT, DOG)),
        "val": images("c.jpg", instances=(DOG,)),
        "test": images("d.jpg"),
    }
    write_coco(tmp_path, splits, ["cat", "dog"], category_start=0)
    for split, number, marks in (("train", 2, 4), ("val", 1, 1), ("test", 1, 0)):
        file = load_coco(tmp_path, split)
        assert [entry["id"] for entry in file["images"]] == list(range(1, number + 1))
        assert [entry["id"] for entry in file["annotations"]] == list(range(1, marks + 1))
        assert [(entry["id"], entry["name"]) for entry in file["categories"]] == [
            (0, "cat"),
            (1, "dog"),
        ]
    assert [entry["category_id"] for entry in load_coco(tmp_path, "train")["annotations"]] == [
        0, 1, 0, 1,
    ]  # fmt: skip


def test_compressed_rle_is_text(tmp_path: Path) -> None:
    # 2 x 3 pixels at (1, 0): by pycocotools itself
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    array[0:2, 1:4] = 1
    rle = coco_mask.encode(array)
    mask = Mask(size_hw=(HEIGHT, WIDTH), counts=rle["counts"].decode())
    instance = Instance(label="cat", box=(1, 0, 4, 2), area=6, shape=mask)
    write_coco(tmp_path, {"all": images("a.jpg", instances=(instance,))}, ["cat"])
    (entry,) = load_coco(tmp_path)["annotations"]
    assert entry["segmentation"] == {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}
    assert entry["iscrowd"] == 0


def test_a_single_file(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "mine.JSON"
    assert driver.writer_of(FORMAT).targets(out, ["all"]) == [out]
    write_coco(out, {"all": images("a.jpg")}, ["cat"])
    assert json.loads(out.read_text())["images"][0]["file_name"] == "a.jpg"
    with pytest.raises(UsageError, match="one file, but there are 2 splits"):
        driver.writer_of(FORMAT).targets(out, ["train", "val"])


def test_either_all_files_are_written_or_none(tmp_path: Path) -> None:
    def broken() -> Any:
        yield from images("a.jpg")
        raise RuntimeError

    write(tmp_path / "annotations" / "instances_train.json", "old")
    with pytest.raises(RuntimeError):
        write_coco(tmp_path, {"train": images("a.jpg"), "val": broken()}, ["cat"])
    assert [path.name for path in (tmp_path / "annotations").iterdir()] == ["instances_train.json"]
    assert (tmp_path / "annotations" / "instances_train.json").read_text() == "old"


def test_folder_that_cannot_be_created(tmp_path: Path) -> None:
    write(tmp_path / "out" / "annotations")
    with pytest.raises(OutputError, match="cannot be written"):
        write_coco(tmp_path / "out", {"all": images("a.jpg")}, ["cat"])


# Names of the images ---------------------------------------------------------------------------


def test_image_names(tmp_path: Path) -> None:
    """Findings in the rest of the file do not affect the names."""
    file = {
        "images": [{"file_name": "a.jpg", "id": 1}, {"id": 2}, {"file_name": "d\\b.jpg"}],
        "categories": [{"id": [1], "name": 5}],
        "annotations": [{"category_id": {}, "segmentation": [float("nan")]}],
        "something": {"else": 1},
    }
    write(tmp_path / "x.json", file)
    assert image_names(Root(tmp_path), "x.json") == ["a.jpg", "d\\b.jpg"]


@pytest.mark.parametrize("content", [[1], {"images": [], "annotations": []}, {"images": 5}])
def test_image_names_of_other_json_is_none(tmp_path: Path, content: Any) -> None:
    write(tmp_path / "x.json", content)
    assert image_names(Root(tmp_path), "x.json") is None


def test_image_names_of_unreadable_files(tmp_path: Path) -> None:
    write(tmp_path / "x.json", b'{"images": [')
    with pytest.raises(ParseError) as caught:
        image_names(Root(tmp_path), "x.json")
    assert (caught.value.file, caught.value.where) == ("x.json", "line 1, column 13")


# From COCO to COCO ------------------------------------------------------------------------------


def coco_to_coco(content: Any, folder: Path) -> Any:
    """What becomes of a file that is read and written again."""
    write(folder / "in" / "x.json", content)
    *marked, header = driver.read(FORMAT, folder / "in", Options(find_images=False))
    assert isinstance(header, Header)
    pictures = [one for one in marked if isinstance(one, Image)]
    assert pictures == marked
    assert driver.write(FORMAT, folder / "x.json", {"all": pictures}, header) == []
    return json.loads((folder / "x.json").read_bytes())


def test_extra_keys_survive_a_round_trip(tmp_path: Path) -> None:
    file = {
        "info": {"year": 1},
        "licenses": [{"id": 2}],
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48, "license": 2}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0.1, 0.2, 0.3, 0.7], "area": 7,
             "iscrowd": 1, "segmentation": [], "keypoints": [1, 2, 2], "num_keypoints": 1,
             "attributes": {"difficult": True, "x": None}, "file_name": "not ours"},
        ],
        "categories": [{"id": 1, "name": "cat", "supercategory": "pet", "skeleton": [[1, 2]]}],
        "videos": {"v": 1},
    }  # fmt: skip
    assert coco_to_coco(file, tmp_path) == file


def test_keys_of_another_format_are_not_coco_s(tmp_path: Path) -> None:
    """A reader puts them under the name of its own format."""
    keys = {"coco": {"track": 3}, "acme": {"track": 4, "lens": 5}}
    one = msgspec.structs.replace(CAT, extra=keys, place=Place("a.acme", line=2))
    image = Image(
        file_name="a.jpg", instances=(one, CAT), extra=keys, place=Place("a.acme"), **SIZE
    )
    header = Header(categories=(Category(name="cat", extra=keys),), extra=keys)
    found = driver.write(FORMAT, tmp_path, {"all": [image]}, header)
    assert [(f.code, f.severity, f.file, f.where) for f in found] == [
        ("keys-not-carried", "note", tmp_path.name, ""),
        ("keys-not-carried", "note", tmp_path.name, ""),
        ("keys-not-carried", "note", "a.acme", ""),
        ("keys-not-carried", "note", "a.acme", "line 2"),
    ]
    assert [f.message.partition(" that ")[0] for f in found] == [
        "2 keys of the dataset", "1 class with keys", "1 image with keys",
        "1 instance with keys",
    ]  # fmt: skip
    assert all("(track, lens)" in finding.message for finding in found)
    file = load_coco(tmp_path)
    for entry in (file, file["categories"][0], file["images"][0], file["annotations"][0]):
        assert entry["track"] == 3
        assert "lens" not in entry
    assert "track" not in file["annotations"][1]


def test_default_values_are_not_read_as_data(tmp_path: Path) -> None:
    """Otherwise defaults would be reported as lost in a conversion."""
    write_coco(tmp_path, {"all": images("a.jpg", instances=(CAT,))}, ["cat"])
    file = load_coco(tmp_path)
    assert (file["info"], file["licenses"]) == ({"description": "", "version": "1.0"}, [])
    assert file["categories"] == [{"id": 1, "name": "cat", "supercategory": ""}]
    (header,) = [one for one in driver.read(FORMAT, tmp_path) if isinstance(one, Header)]
    assert header == Header(categories=(Category(name="cat"),))


def test_clipped_bbox_replaces_the_source_bbox(tmp_path: Path) -> None:
    extra = {"coco": {"bbox": [1, 2, 9, 9]}}
    stated = Instance(label="cat", box=(1, 2, 4, 6), area=12, extra=extra)
    write_coco(tmp_path, {"all": images("a.jpg", instances=(stated,))}, ["cat"])
    assert load_coco(tmp_path)["annotations"][0]["bbox"] == [1, 2, 3, 4]


NUMBERS = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)
SIZES = st.floats(0, 1e6) | st.integers(0, 10**6)
OTHER_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
KNOWN = {"id", "name", "file_name", "width", "height", "image_id", "category_id", "bbox", "area",
         "iscrowd", "segmentation", "supercategory", "images", "annotations", "categories", "info",
         "licenses", "attributes"}  # fmt: skip
OTHERS = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name not in KNOWN), OTHER_JSON, max_size=2
)
RINGS = st.lists(
    st.integers(3, 6).flatmap(lambda n: st.lists(NUMBERS, min_size=2 * n, max_size=2 * n)),
    max_size=3,
)


@st.composite
def rles(draw: st.DrawFn) -> dict[str, Any]:
    pixels = draw(st.lists(st.integers(0, 1), min_size=12, max_size=12))
    array = np.asfortranarray(np.array(pixels, dtype=np.uint8).reshape(4, 3))
    return {"size": [4, 3], "counts": coco_mask.encode(array)["counts"].decode()}


@st.composite
def coco_files(draw: st.DrawFn) -> dict[str, Any]:
    """A COCO file as it may be, with ids from 1 in the order of the images."""
    names = draw(st.lists(st.text(min_size=1, max_size=4).filter(str.strip), min_size=1,
                          max_size=3, unique=True))  # fmt: skip
    marked = []
    number = draw(st.integers(1, 3))
    for image_id in range(1, number + 1):
        for _ in range(draw(st.integers(0, 3))):
            entry = {
                "id": len(marked) + 1,
                "image_id": image_id,
                "category_id": draw(st.integers(1, len(names))),
                "bbox": [draw(NUMBERS), draw(NUMBERS), draw(SIZES), draw(SIZES)],
                "area": draw(SIZES),
                "iscrowd": draw(st.integers(0, 1)),
                "segmentation": draw(RINGS | rles()),
            }
            attributes = draw(st.none() | st.dictionaries(st.text(max_size=9), OTHER_JSON))
            marked.append(
                entry | draw(OTHERS) | ({} if attributes is None else {"attributes": attributes})
            )
    return {
        "info": draw(OTHER_JSON),
        "licenses": draw(OTHER_JSON),
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "width": 3, "height": 4} | draw(OTHERS)
            for i in range(1, number + 1)
        ],
        "annotations": marked,
        "categories": [
            {"id": i, "name": name, "supercategory": draw(st.text(max_size=3))} | draw(OTHERS)
            for i, name in enumerate(names, 1)
        ],
    } | draw(OTHERS)


@given(coco_files())
def test_coco_to_coco_is_lossless(file: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert coco_to_coco(file, Path(folder)) == file
