"""COCO as it is written, judged by pycocotools; and what is said of files that others read too."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from helpers import (
    HEIGHT,
    SAMPLE,
    SQUARE,
    WIDTH,
    Read,
    document,
    load_coco,
    mask_shape,
    picture,
    run_convert,
    shape,
    write,
)
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from dataforge.errors import OutputError, ParseError, UsageError
from dataforge.formats import coco
from dataforge.io.files import Root
from dataforge.records import Category, Finding, Header, Image, Instance, Mask, Polygons

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
CAT = Instance(label="cat", box=(10, 12, 30.5, 40), area=574)
DOG = Instance(label="dog", box=(0, 0, 4, 5), area=20)


def images(*names: str, instances: tuple[Instance, ...] = ()) -> list[Image]:
    return [Image(file_name=name, instances=instances, **SIZE) for name in names]


def perimeter(ring: list[float]) -> float:
    points = np.array(ring).reshape(-1, 2)
    return float(np.hypot(*(points - np.roll(points, 1, axis=0)).T).sum())


def loaded(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


# Writing ---------------------------------------------------------------------------------------


def write_coco(out: Path, splits: Any, classes: list[str], **options: Any) -> None:
    header = Header(categories=tuple(Category(name=name) for name in classes))
    assert list(coco.write(out, splits, header, coco.WriteOptions(**options))) == []


def test_the_whole_file(tmp_path: Path) -> None:
    square = Polygons(((10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0),))
    outline = Instance(
        label="dog", box=(10, 10, 30, 30), area=400, shape=square, difficult=True, iscrowd=True,
        where="line 3", attributes={"pose": "Left"},
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
    assert coco.targets(out, ["all"]) == [out]
    write_coco(out, {"all": images("a.jpg")}, ["cat"])
    assert json.loads(out.read_text())["images"][0]["file_name"] == "a.jpg"
    with pytest.raises(UsageError, match="one file, but there are 2 splits"):
        coco.targets(out, ["train", "val"])


def test_all_files_or_none(tmp_path: Path) -> None:
    def broken() -> Any:
        yield from images("a.jpg")
        raise RuntimeError

    write(tmp_path / "annotations" / "instances_train.json", "old")
    with pytest.raises(RuntimeError):
        write_coco(tmp_path, {"train": images("a.jpg"), "val": broken()}, ["cat"])
    assert [path.name for path in (tmp_path / "annotations").iterdir()] == ["instances_train.json"]
    assert (tmp_path / "annotations" / "instances_train.json").read_text() == "old"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    write(tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be written"):
        write_coco(tmp_path / "out", {"all": images("a.jpg")}, ["cat"])


# Agreement with pycocotools --------------------------------------------------------------------


def check_geometry(path: Path) -> tuple[int, int]:
    """Every annotation of a file against pycocotools' masks; (polygons, masks) seen."""
    api = loaded(path)
    polygons = masks = 0
    for entry in api.anns.values():
        image = api.imgs[entry["image_id"]]
        inside = api.annToMask(entry).astype(bool)
        x, y, w, h = entry["bbox"]
        assert inside.shape == (image["height"], image["width"])
        assert inside.any()
        ys, xs = np.nonzero(inside)
        extent = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        if isinstance(entry["segmentation"], dict):
            masks += 1
            assert entry["area"] == inside.sum()
            assert list(extent) == [x, y, x + w, y + h]
        else:
            polygons += 1
            border = sum(perimeter(ring) for ring in entry["segmentation"])
            assert abs(entry["area"] - inside.sum()) <= border
            # A pixel counts where its centre is inside, give or take one at each side.
            assert np.abs(extent - np.array([x, y, x + w, y + h])).max() <= 1
    return polygons, masks


def test_areas_boxes_and_masks_agree_with_pycocotools(tmp_path: Path) -> None:
    ring = ["####", "#..#", "#..#", "####"]
    shapes = [
        shape("a", SQUARE),
        shape("a", [[3.5, 4.25], [40, 9], [22, 31.5]]),
        shape("a", [[50, 40], [31, 20]], "rectangle"),
        shape("a", [[30, 24], [37, 31]], "circle"),
        shape("a", [[30, 10], [40, 20], [30, 30], [20, 20]], "oriented_rectangle"),
        shape("a", [[10, 10], [30, 30], [30, 10], [10, 30]]),  # a bow-tie
        mask_shape("a", ring, 20, 10),
        mask_shape("a", ring, -1, HEIGHT - 2),
        mask_shape("a", ring, 40, 10, group_id=1),
        shape("a", SQUARE, group_id=1),
        shape("a", [[5, 5], [15, 5], [15, 15]], group_id=2),
        shape("a", [[25, 5], [35, 5], [35, 15]], group_id=2),
        shape("a", [[5, 40], [25, 40], [25, 30]], "linestrip"),
        shape("a", [[50, 10], [55, 15]], "points"),
    ]
    write(tmp_path / "in" / "a.json", document(*shapes))
    picture(tmp_path / "in" / "a.jpg")
    options = {"lines": "stroke=3", "points": "radius=4"}
    report = run_convert(tmp_path / "in", tmp_path / "out", read_options=options)
    assert report.shapes == len(shapes)
    # 14 shapes, two groups of two; masks are two by themselves and one group
    assert check_geometry(tmp_path / "out" / "annotations" / "instances_all.json") == (9, 3)


def test_the_sample_data_agree_with_pycocotools(tmp_path: Path) -> None:
    run_convert(SAMPLE / "labelme", tmp_path)
    polygons, masks = check_geometry(tmp_path / "annotations" / "instances_all.json")
    assert polygons + masks == 17 + 17 + 34
    assert masks >= 1


# Names of the images ---------------------------------------------------------------------------


def test_image_names(tmp_path: Path) -> None:
    """What the reader says of the rest of the file is nothing to the names."""
    file = {
        "images": [{"file_name": "a.jpg", "id": 1}, {"id": 2}, {"file_name": "d\\b.jpg"}],
        "categories": [{"id": [1], "name": 5}],
        "annotations": [{"category_id": {}, "segmentation": [float("nan")]}],
        "something": {"else": 1},
    }
    write(tmp_path / "x.json", file)
    assert coco.image_names(Root(tmp_path), "x.json") == ["a.jpg", "d\\b.jpg"]


@pytest.mark.parametrize("content", [[1], {"images": [], "annotations": []}, {"images": 5}])
def test_image_names_of_something_else(tmp_path: Path, content: Any) -> None:
    write(tmp_path / "x.json", content)
    assert coco.image_names(Root(tmp_path), "x.json") is None


def test_image_names_of_what_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path / "x.json", b'{"images": [')
    with pytest.raises(ParseError) as caught:
        coco.image_names(Root(tmp_path), "x.json")
    assert (caught.value.file, caught.value.where) == ("x.json", "line 1, column 13")


# As it is --------------------------------------------------------------------------------------


def as_it_is(root: Path, content: Any) -> Read:
    """What is yielded for a file beside its images a.jpg and d/b.jpg."""
    write(root / "x.json", content)
    for name in ("a.jpg", "d/b.jpg"):
        picture(root / "images" / name)
    options = coco.Options(image_root=str(root / "images"))
    return Read([
        record for record in coco.read_as_it_is(Root(root), "x.json", options)
        if not isinstance(record, Header)
    ])  # fmt: skip


MARKED = {"bbox": [1, 2, 3, 4], "area": 12}
FILE = {
    "images": [SIZE | {"id": 1, "file_name": "a.jpg"}, SIZE | {"id": 2, "file_name": "d/b.jpg"}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [MARKED | {"id": n, "image_id": n, "category_id": 1} for n in (1, 2)],
}


def test_a_file_that_others_read_too(tmp_path: Path) -> None:
    found = as_it_is(tmp_path, FILE)
    assert [(one.file_name, len(one.instances), one.split) for one in found.images] == [
        ("a.jpg", 1, None),
        ("d/b.jpg", 1, None),
    ]
    assert found.findings == []


def test_what_others_do_not_understand_is_an_error_with_a_count(tmp_path: Path) -> None:
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
    lenient = list(coco.read(Root(tmp_path / "in"), coco.Options(find_images=False), str))
    assert [one.code for one in lenient if isinstance(one, Finding)] == ["annotation-ids"]


def test_what_is_no_coco_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"x\.json::\$: is no COCO file: no list of images"):
        as_it_is(tmp_path, {"shapes": []})


# From COCO to COCO ------------------------------------------------------------------------------


def coco_to_coco(content: Any, folder: Path) -> Any:
    """What becomes of a file that is read and written again."""
    write(folder / "in" / "x.json", content)
    options = coco.Options(find_images=False)
    header, *marked = coco.read(Root(folder / "in"), options, str)
    assert isinstance(header, Header)
    assert all(isinstance(one, Image) for one in marked), marked
    assert list(coco.write(folder / "x.json", {"all": marked}, header, coco.WriteOptions())) == []
    return json.loads((folder / "x.json").read_bytes())


def test_what_others_keys_say_survives(tmp_path: Path) -> None:
    file = {
        "info": {"year": 1},
        "licenses": [{"id": 2}],
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48, "license": 2}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0.1, 0.2, 0.3, 0.7], "area": 7,
             "iscrowd": 1, "segmentation": [], "keypoints": [1], "attributes": {"difficult": True,
             "x": None}, "file_name": "not ours"},
        ],
        "categories": [{"id": 1, "name": "cat", "supercategory": "pet", "skeleton": [[1, 2]]}],
        "videos": {"v": 1},
    }  # fmt: skip
    assert coco_to_coco(file, tmp_path) == file


def test_keys_of_another_format_are_not_coco_s(tmp_path: Path) -> None:
    """A reader puts them under the name of its own format."""
    keys = {"coco": {"track": 3}, "acme": {"track": 4, "lens": 5}}
    one = msgspec.structs.replace(CAT, extra=keys, where="line 2")
    image = Image(file_name="a.jpg", instances=(one, CAT), extra=keys, source="a.acme", **SIZE)
    header = Header(categories=(Category(name="cat", extra=keys),), extra=keys)
    found = list(coco.write(tmp_path, {"all": [image]}, header, coco.WriteOptions()))
    assert [(f.code, f.severity, f.file, f.where) for f in found] == [
        ("keys-not-carried", "note", tmp_path.name, ""),
        ("keys-not-carried", "note", tmp_path.name, ""),
        ("keys-not-carried", "note", "a.acme", ""),
        ("keys-not-carried", "note", "a.acme", "line 2"),
    ]
    assert [f.message.partition(" that ")[0] for f in found] == [
        "2 keys of the whole dataset", "1 class with keys", "1 image with keys",
        "1 instance with keys",
    ]  # fmt: skip
    assert all("(track, lens)" in finding.message for finding in found)
    file = load_coco(tmp_path)
    for entry in (file, file["categories"][0], file["images"][0], file["annotations"][0]):
        assert entry["track"] == 3
        assert "lens" not in entry
    assert "track" not in file["annotations"][1]


def test_what_a_file_has_anyway_is_not_said_by_it(tmp_path: Path) -> None:
    """Else a dataset that says nothing would be told what of that it loses."""
    write_coco(tmp_path, {"all": images("a.jpg", instances=(CAT,))}, ["cat"])
    file = load_coco(tmp_path)
    assert (file["info"], file["licenses"]) == ({"description": "", "version": "1.0"}, [])
    assert file["categories"] == [{"id": 1, "name": "cat", "supercategory": ""}]
    (header,) = [record for record in coco.read(Root(tmp_path), coco.Options(), str)
                 if isinstance(record, Header)]  # fmt: skip
    assert header == Header(categories=(Category(name="cat"),))


def test_a_bbox_that_was_clipped_since_is_not_the_sources(tmp_path: Path) -> None:
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
