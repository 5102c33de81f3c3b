"""What BDD100K's labels are read as; expected values are worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from dataforge.datasets import formats_in
from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.io import Root
from dataforge.records import Mask, Polygons
from dataforge.testing import driver, picture, write


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("bdd100k")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def box(*corners: Any, category: str = "car", **keys: Any) -> dict[str, Any]:
    named = dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True))
    return {"category": category, "box2d": named, **keys}


def outline(vertices: Any, types: str, **keys: Any) -> dict[str, Any]:
    part = {"vertices": vertices, "types": types, "closed": True}
    return {"category": "car", "poly2d": [part], **keys}


def one(folder: Path, *labels: Any, **keys: Any) -> Path:
    picture(folder / "a.jpg")
    write(folder / "ins_seg_train.json", [{"name": "a.jpg", "labels": [*labels], **keys}])
    return folder


def test_the_second_corner_is_the_last_pixel(tmp_path: Path) -> None:
    """Scalabel's box2d_to_bbox: width = x2 - x1 + 1."""
    assert read(one(tmp_path, box(10, 12, 29, 39))).instance.box == (10, 12, 30, 40)


@pytest.mark.parametrize("corners", [(29, 12, 10, 39), (10, 39, 29, 12), (29, 39, 10, 12)])
def test_the_last_pixel_of_a_reversed_box_is_in_it(
    tmp_path: Path, corners: tuple[int, ...]
) -> None:
    found = read(one(tmp_path, box(*corners)))
    assert (found.instance.box, found.instance.area) == ((10, 12, 30, 40), 560)
    numbers = ", ".join(map(str, corners))
    assert [(one.code, one.message) for one in found.findings] == [
        ("reversed-box", f"corners of 'car' are reversed ({numbers}): reordered")
    ]


def test_ignored_classes_stay_as_they_are(tmp_path: Path) -> None:
    found = read(one(tmp_path, box(1, 2, 3, 4, category="other vehicle"), box(1, 2, 3, 4)))
    assert [one.label for one in found.image.instances] == ["other vehicle", "car"]


@pytest.mark.parametrize("mark", ["crowd", "ignored"])
def test_crowds(tmp_path: Path, mark: str) -> None:
    found = read(one(tmp_path, box(1, 2, 3, 4, attributes={mark: True, "occluded": False})))
    assert found.instance.iscrowd
    assert found.instance.attributes == {"occluded": False}
    found = read(tmp_path, ignored="drop")
    assert (found.image.instances, found.codes) == ((), ["ignored-dropped"])


def test_polygons_of_an_instance_are_one_object(tmp_path: Path) -> None:
    parts = [
        {"vertices": [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]], "types": "LLLLL",
         "closed": True},
        {"vertices": [[20, 0], [30, 0], [30, 10]], "types": "LLL", "closed": True},
    ]  # fmt: skip
    found = read(one(tmp_path, {"category": "car", "poly2d": parts})).instance
    assert found.shape == Polygons(
        ((0, 0, 10, 0, 10, 10, 0, 10), (20, 0, 30, 0, 30, 10)),
    )
    assert (found.box, found.area) == ((0, 0, 30, 10), 150)


def test_three_c_are_a_curve(tmp_path: Path) -> None:
    """A quarter of a circle, as four numbers of a Bézier curve draw it: to 0.03 % of its radius."""
    k = 20 * 0.5522847498
    vertices = [[0, 0], [20, 0], [20, k], [k, 20], [0, 20]]
    found = read(one(tmp_path, outline(vertices, "LLCCC"))).instance
    assert isinstance(found.shape, Polygons)
    (ring,) = found.shape.rings
    assert len(ring) > 12
    assert all(
        abs(math.hypot(*point) - 20) < 0.1 for point in zip(ring[2::2], ring[3::2], strict=True)
    )
    assert found.area == pytest.approx(math.pi * 100, abs=3)
    assert found.box == pytest.approx((0, 0, 20, 20))


def test_a_mask(tmp_path: Path) -> None:
    """2 rows of 3 pixels from (1, 0): columns of 48, so 48 + 2 + 46 + 2 + 46 + 2 + the rest."""
    rle = {"size": [48, 64], "counts": "`12^1000Pj2"}
    found = read(one(tmp_path, {"category": "car", "rle": rle})).instance
    assert (found.box, found.area) == ((1, 0, 4, 2), 6)
    assert found.shape == Mask(size_hw=(48, 64), counts="`12^1000Pj2")


@pytest.mark.parametrize(
    "label",
    [
        {"category": "drivable area", "poly2d": [{"vertices": [[0, 0], [9, 0], [9, 9]]}]},
        {"category": "lane/road curb", "poly2d": [[1, 2, "L"], [3, 4, "L"]]},
        {"category": "single white", "poly2d": [{"vertices": [[0, 0], [9, 0]], "closed": False}]},
        {"category": "car", "box3d": {"location": [1, 2, 3]}},
        {"category": "car"},
    ],
)
def test_lanes_areas_and_what_has_no_box_are_counted(tmp_path: Path, label: Any) -> None:
    found = read(one(tmp_path, label, box(1, 2, 3, 4)))
    assert len(found.image.instances) == 1
    finding = found.finding("skipped-shape")
    assert (finding.place, finding.lost, finding.severity) == (
        Place("ins_seg_train.json", "$[0].labels[0]"), 1, "note",
    )  # fmt: skip


def test_the_size_that_a_frame_states(tmp_path: Path) -> None:
    write(tmp_path / "x.json", [{"name": "gone.jpg", "labels": [box(1, 2, 3, 4)],
                                 "size": {"width": 1280, "height": 720}}])  # fmt: skip
    found = read(tmp_path)
    assert (found.image.width, found.image.height) == (1280, 720)
    assert found.codes == ["image-missing"]


def test_frames_with_a_config(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    frames = [{"name": "a.jpg", "videoName": "v", "frameIndex": 3, "labels": [box(1, 2, 3, 4)]}]
    write(tmp_path / "x.json", {"frames": frames, "config": {"categories": []}})
    found = read(tmp_path)
    assert found.instance.place == Place("x.json", "$.frames[0].labels[0]")
    assert found.image.extra == {"bdd100k": {"videoName": "v", "frameIndex": 3}}


def test_frames_of_videos_have_the_same_names(tmp_path: Path) -> None:
    for video in "vw":
        picture(tmp_path / "images" / video / "1.jpg")
    frames = [{"name": "1.jpg", "videoName": video, "labels": [box(1, 2, 3, 4, category=video)]}
              for video in "wv"]  # fmt: skip
    write(tmp_path / "x.json", frames)
    assert {image.file_name: image.instances[0].label for image in read(tmp_path).images} == {
        "images/v/1.jpg": "v",
        "images/w/1.jpg": "w",
    }


def old(folder: Path, split: str, name: str, *objects: Any) -> None:
    frame = {"timestamp": 10000, "objects": [*objects]}
    write(folder / "labels" / "100k" / split / f"{name}.json", {"name": name, "frames": [frame]})


def test_a_file_for_each_image(tmp_path: Path) -> None:
    for split, name in (("train", "a"), ("train", "b"), ("val", "c")):
        old(tmp_path, split, name, box(1, 2, 3, 4))
        picture(tmp_path / "images" / "100k" / split / f"{name}.jpg")
    old(tmp_path, "train", "gone", box(1, 2, 3, 4), box(1, 2, 3, 4))
    found = read(tmp_path)
    assert [(image.file_name, image.split) for image in found.images] == [
        ("images/100k/train/a.jpg", "train"),
        ("images/100k/train/b.jpg", "train"),
        ("images/100k/val/c.jpg", "val"),
    ]
    finding = found.finding("image-missing")
    assert (finding.place, finding.lost) == (
        Place("labels/100k/train/gone.json", "$.frames[0]"), 2,
    )  # fmt: skip
    assert found.codes == ["image-missing"]


def test_a_file_without_frames_has_no_objects(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", {"name": "a", "frames": []})
    assert read(tmp_path).image.instances == ()


def test_a_second_frame_of_one_image_is_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    frame = {"objects": [box(1, 2, 3, 4)]}
    write(tmp_path / "a.json", {"name": "a", "frames": [frame, frame]})
    found = read(tmp_path)
    assert len(found.image.instances) == 1
    assert (found.finding("bad-entry").place.pointer, found.finding("bad-entry").lost) == (
        "$.frames[1]", 1,
    )  # fmt: skip


def test_images_without_a_file_are_said(tmp_path: Path) -> None:
    old(tmp_path, "train", "a")
    for name in "ab":
        picture(tmp_path / "images" / "100k" / "train" / f"{name}.jpg")
    found = read(tmp_path)
    assert len(found.images) == 1
    assert found.finding("image-without-annotation").place == Place("images/100k/train/b.jpg")


def test_a_curve_of_huge_numbers_takes_little(tmp_path: Path) -> None:
    vertices = [[0, 0], [9e6, 0], [0, 9e6], [9e6, 9e6]] * 2000
    picture(tmp_path / "a.jpg")
    label = outline(vertices, "LCCC" * 2000)
    write(tmp_path / "x.json", json.dumps([{"name": "a.jpg", "labels": [label]}]))
    assert read(tmp_path).finding("bad-entry").message == (
        "the outlines of the image, with this one, are too large"
    )


def test_results_of_a_detector_are_no_frames(tmp_path: Path) -> None:
    """BDD100K's old form of results has an object in each entry."""
    picture(tmp_path / "a.jpg")
    result = {"name": "a", "timestamp": 1000, "category": "car", "bbox": [1, 2, 3, 4], "score": 0.5}
    write(tmp_path / "x.json", [result])
    found = read(tmp_path)
    assert (found.images, found.codes) == ([], ["not-of-this-format"])
    assert formats_in(Root(tmp_path)) == []


@pytest.mark.parametrize("is_list", [True, False])
def test_masks_alone_are_recognised(tmp_path: Path, is_list: bool) -> None:
    """As instance segmentation is exported: no box, no outline and no time of the frame."""
    rle = {"counts": "`12^1000Pj2", "size": [48, 64]}
    picture(tmp_path / "a.jpg")
    frames = [{"name": "a.jpg", "labels": [{"id": "1", "category": "car", "rle": rle}]}]
    write(tmp_path / "x.json", frames if is_list else {"frames": frames, "config": {}})
    assert [one.format for one in formats_in(Root(tmp_path))] == ["bdd100k"]


def test_masks_of_datumaro_are_not_those_of_bdd100k(tmp_path: Path) -> None:
    mask = {"type": "mask", "label_id": 0, "rle": {"counts": "`12^1000Pj2", "size": [48, 64]}}
    content = {
        "categories": {"label": {"labels": [{"name": "car"}]}},
        "items": [{"id": "a", "annotations": [mask], "image": {"path": "a.jpg"}}],
    }
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", content)
    assert formats_in(Root(tmp_path)) == []


def test_files_of_other_formats_are_said_once(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", [{"name": "a.jpg", "labels": []}])
    for name in ("b", "c"):
        picture(tmp_path / f"isat/{name}.jpg")
        write(tmp_path / f"isat/{name}.json", {"info": {"name": f"{name}.jpg"}, "objects": []})
    write(tmp_path / "x.json", {"categories": []})
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["a.jpg"]
    assert str(found.finding("not-of-this-format")) == (
        "isat/b.json: is not a BDD100K file: ignored, and 2 more files"
    )
