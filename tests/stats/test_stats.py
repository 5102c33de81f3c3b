"""Numbers of a dataset: worked out by hand, and by pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import (
    REAL,
    SAMPLE,
    document,
    mask_shape,
    picture,
    run_convert,
    shape,
    voc_object,
    voc_xml,
    write,
)

from dataforge.errors import InputError, UsageError
from dataforge.verbs.stats import StatsOptions, stats

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the datasets are not here")


def coco(folder: Path, images: Sequence[tuple[int, int]], boxes: Sequence[tuple[Any, ...]],
         names: Sequence[str] = ("cat", "dog", "none")) -> Path:  # fmt: skip
    """A COCO file; a box is (image, category, x, y, w, h) and further keys."""
    annotations = []
    for number, (image, category, *box, more) in enumerate(boxes, 1):
        entry = {"id": number, "image_id": image, "category_id": category, "bbox": box,
                 "area": box[2] * box[3], "iscrowd": 0}  # fmt: skip
        annotations.append(entry | more)
    return write(folder / "instances.json", {
        "images": [
            {"id": number, "file_name": f"{number}.jpg", "width": width, "height": height}
            for number, (width, height) in enumerate(images, 1)
        ],
        "annotations": annotations,
        "categories": [{"id": n, "name": name} for n, name in enumerate(names, 1)],
    })  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Images of 1333x800, so that nothing is scaled, and one of 400x240, scaled by
    1333/400."""
    return coco(tmp_path / "set", [(1333, 800), (1333, 800), (400, 240), (800, 1333)], [
        # A side of 31 and 32 px, of 95 and 96.
        (1, 1, 0, 0, 31, 31, {}), (1, 1, 0, 0, 32, 32, {}),
        (1, 2, 100, 100, 95, 95, {}), (1, 2, 100, 100, 96, 96, {}),
        # 4 x 1: 2 px, at 3.3325 6.67; 3 x 12: 6 px, at 3.3325 20.
        (3, 1, 10, 10, 4, 1, {}), (3, 1, 396, 228, 3, 12, {}),
        # A crowd of 10 x 10, which no detector is trained on.
        (4, 2, 0, 0, 10, 10, {"iscrowd": 1, "segmentation": {"size": [1333, 800],
                                                             "counts": [0, 100, 1066300]}}),
    ])  # fmt: skip


def test_numbers_by_class_split_and_image(small: Path) -> None:
    found = stats(small)
    assert (found.images, found.objects, found.crowd, found.difficult) == (4, 7, 1, 0)
    assert found.images_without_objects == 1
    assert found.images_by_objects == {0: 1, 1: 1, 2: 1, 4: 1}
    assert found.objects_per_image.median == 1.5
    assert found.objects_per_image.mean == 7 / 4
    cat, dog, none = (found.classes[name] for name in ("cat", "dog", "none"))
    assert (cat.objects, cat.images, cat.small, cat.medium, cat.large) == (4, 2, 3, 1, 0)
    assert (dog.objects, dog.images, dog.small, dog.medium, dog.large) == (3, 2, 1, 1, 1)
    assert (dog.crowd, none.objects, none.images) == (1, 0, 0)
    assert (found.small, found.medium, found.large) == (4, 2, 1)
    assert [(pair.classes, pair.images) for pair in found.together] == [(("cat", "dog"), 1)]
    (split,) = found.splits.values()
    assert (split.images, split.objects, split.images_without_objects) == (4, 7, 1)


def test_sizes_and_shapes(small: Path) -> None:
    found = stats(small)
    assert (found.area_of.box, found.area_of.outline, found.area_of.mask) == (6, 0, 1)
    assert found.side.median == 31  # of 2, 6, 10, 31, 32, 95, 96
    assert found.side.mean == pytest.approx((2 + 6 + 10 + 31 + 32 + 95 + 96) / 7)
    of = dict(zip(found.sides.edges, found.sides.counts, strict=False))
    assert (of[2], of[32], of[2**6.5], sum(found.sides.counts)) == (1, 1, 2, 7)
    assert found.aspect_ratio.least == 0.25
    assert found.aspect_ratio.most == 4
    ratios = dict(zip(found.aspect_ratios.edges, found.aspect_ratios.counts, strict=False))
    assert (ratios[0.25], ratios[1], ratios[4]) == (1, 5, 1)
    sizes = [(one.width, one.height, one.images) for one in found.image_sizes]
    assert sizes == [(1333, 800, 2), (400, 240, 1), (800, 1333, 1)]
    assert (found.image_width.least, found.image_width.most) == (400, 1333)


def test_positions_are_shares_of_the_image(small: Path) -> None:
    found = stats(small)
    assert sum(map(sum, found.positions)) == 7
    # 16 / 1333 and 16 / 800 lie in the first of 32 parts; so do 15.5, and the crowd's 5.
    assert found.positions[0][0] == 3
    # (397.5 / 400, 234 / 240): the last part of both.
    assert found.positions[31][31] == 1


def test_input_size_leaves_crowds_out(small: Path) -> None:
    seen = stats(small).input_size
    assert seen.size == (1333, 800)
    assert (seen.objects, seen.below_8, seen.below_16, seen.below_32) == (6, 1, 1, 3)
    assert seen.scale.most == pytest.approx(1333 / 400)
    assert seen.side.least == pytest.approx(2 * 1333 / 400)


def test_default_anchors_are_measured_by_the_best_iou_at_the_same_centre(tmp_path: Path) -> None:
    # 32x32 is an anchor. 64x32: the anchor of 128 px at 1:2 is 181x91; that of 32 px is 45.25x22.6
    # (IoU 1024 / 2048 = 0.5); that of 64 px is 90.5x45.25, which contains it: 2048 / 4096 = 0.5.
    # 64x64 fits. 8x8 lies inside 32x32: 64 / 1024.
    boxes = [(1, 1, 0, 0, *size, {}) for size in ((32, 32), (64, 32), (64, 64), (8, 8))]
    fit = stats(coco(tmp_path, [(1333, 800)], boxes)).anchors
    assert fit is not None
    assert fit.boxes == 4
    assert fit.default.sizes == [32, 64, 128, 256, 512]
    assert fit.default.mean_best_iou == pytest.approx((1 + 0.5 + 1 + 1 / 16) / 4, abs=1e-6)


def test_anchors_are_suggested_for_long_boxes(tmp_path: Path) -> None:
    boxes = [(1, 1, 0, 0, 20 * k, 2 * k, {}) for k in range(4, 40)]
    found = stats(coco(tmp_path, [(1333, 800)], boxes))
    assert found.anchors is not None
    assert found.anchors.default.recall_50 == 0
    best = found.anchors.suggested
    assert best is not None
    assert best.ratios == [0.1, 0.1, 0.1]
    assert best.recall_50 > 0.9
    (advice,) = [one for one in found.advice if one.topic == "anchors"]
    assert "ratios=[0.1, 0.1, 0.1]" in advice.text
    assert advice.evidence["default"] == {"recall_50": 0.0, "mean_best_iou": pytest.approx(
        found.anchors.default.mean_best_iou, abs=1e-4)}  # fmt: skip


def test_small_objects_advise_a_larger_input_and_tiny_ones_tiles(tmp_path: Path) -> None:
    for side, expected in ((12, "train at 1792x1088"), (5, "tiles"), (40, "")):
        boxes = [(1, 1, 0, 0, side, side, {})] * 20
        advice = stats(coco(tmp_path / str(side), [(1333, 800)], boxes)).advice
        text = "".join(one.text for one in advice if one.topic == "input-size")
        assert expected in text
        assert bool(text) == bool(expected)


def test_large_objects_advise_half_the_input(tmp_path: Path) -> None:
    boxes = [(1, 1, 0, 0, 200, 200, {})] * 20
    (advice,) = stats(coco(tmp_path, [(1333, 800)], boxes)).advice
    assert advice.topic == "input-size"
    assert "leaves them 100 px" in advice.text
    assert advice.evidence["smallest_tenth"] == 200


def test_classes_too_rare_to_split(tmp_path: Path) -> None:
    images = [(1333, 800)] * 30
    boxes = [(n, 1, 0, 0, 50, 50, {}) for n in range(1, 31)]
    boxes += [(1, 2, 0, 0, 50, 50, {}), *((n, 3, 0, 0, 50, 50, {}) for n in range(1, 10))]
    advice = stats(coco(tmp_path, images, boxes)).advice
    rare = [one for one in advice if one.topic == "rare-classes"]
    assert [one.evidence["images"] for one in rare] == [{"dog": 1}, {"none": 9}]


def test_masks_and_outlines_have_their_own_area(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    triangle = shape("cat", [[0, 0], [10, 0], [0, 10]])
    mask = mask_shape("cat", ["###", "#.#", "###"], 5, 5)
    write(tmp_path / "a.json", document(triangle, mask, image="a.jpg"))
    found = stats(tmp_path)
    assert (found.area_of.box, found.area_of.outline, found.area_of.mask) == (0, 1, 1)
    assert found.side.most == pytest.approx(math.sqrt(50))
    assert found.side.least == pytest.approx(math.sqrt(8))


def test_difficult_objects_and_splits(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "JPEGImages" / f"{name}.jpg")
        xml = voc_xml(voc_object("cat", (1, 1, 10, 10), difficult=str(int(name == "b"))))
        write(tmp_path / "Annotations" / f"{name}.xml", xml)
        split = "train" if name == "a" else "val"
        write(tmp_path / "ImageSets" / "Main" / f"{split}.txt", f"{name}\n")
    found = stats(tmp_path)
    assert (found.difficult, found.classes["cat"].difficult) == (1, 1)
    assert {name: one.objects for name, one in found.splits.items()} == {"train": 1, "val": 1}
    assert {n: (one.objects, one.images) for n, one in found.classes["cat"].splits.items()} == {
        "train": (1, 1), "val": (1, 1),
    }  # fmt: skip


def test_boxes_without_width_and_images_without_size_are_only_counted(tmp_path: Path) -> None:
    path = coco(tmp_path, [(64, 48)], [(1, 1, 5, 5, 0, 9, {}), (1, 1, 9, 9, 4, 0, {})])
    found = stats(path)
    assert found.objects == 2
    assert found.input_size.objects == 0
    assert found.anchors is None
    assert found.advice == []
    assert found.findings == []


@pytest.mark.parametrize("reads", ["labelme", "humanparts"])
@pytest.mark.parametrize("workers", [1, 2])
def test_agrees_with_pycocotools_on_the_sample(tmp_path: Path, reads: str, workers: int) -> None:
    run_convert(SAMPLE / reads, tmp_path / "out", "voc" if reads == "humanparts" else reads)
    for path in sorted((tmp_path / "out" / "annotations").glob("*.json")):
        compare(path, workers)


@needs_real
def test_agrees_with_pycocotools_on_bccd(tmp_path: Path) -> None:
    run_convert(REAL / "bccd", tmp_path / "out", "voc")
    for path in sorted((tmp_path / "out" / "annotations").glob("*.json")):
        compare(path, 2)


def compare(path: Path, workers: int) -> None:
    """All that pycocotools counts, too."""
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        read = COCO(path)
    found = stats(path, StatsOptions(workers=workers))
    assert found.images == len(read.getImgIds())
    assert found.objects == len(read.getAnnIds())
    numbers = {"small": 0, "medium": 0, "large": 0}
    for category in read.loadCats(read.getCatIds()):
        own = found.classes[category["name"]]
        of = [category["id"]]
        assert own.objects == len(read.getAnnIds(catIds=of))
        assert own.images == len(read.getImgIds(catIds=of))
        assert own.crowd == len(read.getAnnIds(catIds=of, iscrowd=True))
        areas = np.array([one["area"] for one in read.loadAnns(read.getAnnIds(catIds=of))])
        assert own.small == (areas < 32**2).sum()
        assert own.medium == ((areas >= 32**2) & (areas < 96**2)).sum()
        for name in numbers:
            numbers[name] += getattr(own, name)
    assert {name: getattr(found, name) for name in numbers} == numbers
    for pair in found.together:
        ids = read.getCatIds(catNms=list(pair.classes))
        both = set(read.getImgIds(catIds=ids[:1])) & set(read.getImgIds(catIds=ids[1:]))
        assert pair.images == len(both)
    sides = [math.sqrt(one["area"]) for one in read.loadAnns(read.getAnnIds())]
    assert found.side.median == pytest.approx(np.median(sides))
    per_image = [len(read.getAnnIds(imgIds=[one])) for one in read.getImgIds()]
    assert found.objects_per_image.mean == pytest.approx(np.mean(per_image))


def test_the_same_report_on_any_number_of_workers(tmp_path: Path) -> None:
    one = stats(SAMPLE / "humanparts")
    assert stats(SAMPLE / "humanparts", StatsOptions(workers=3)) == one


def test_of_many_objects_an_even_part_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [(1, 1, 0, 0, 1, k, {}) for k in range(1, 1001)]
    path = coco(tmp_path, [(1333, 1333)], boxes)
    exact = stats(path)
    assert exact.measured == 1000
    monkeypatch.setattr("dataforge.verbs.stats.collect.MOST_SAMPLED", 100)
    monkeypatch.setattr("dataforge.verbs.stats.collect._BATCH", 7)
    part = stats(path)
    assert 50 <= part.measured <= 100
    assert part.sides == exact.sides
    assert part.side.median == pytest.approx(exact.side.median, rel=0.05)


def test_an_image_marked_twice_counts_once(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    for name in ("a", "b"):
        write(tmp_path / f"{name}.json", document(shape("cat", [[1, 1], [9, 1], [9, 9]])))
    found = stats(tmp_path)
    assert (found.images, found.objects, sum(found.sides.counts)) == (1, 1, 1)
    assert [one.code for one in found.findings] == ["image-marked-twice"]


def test_a_config_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="training config"):
        stats(write(tmp_path / "c.py", "model = 1\n"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no annotations"):
        stats(tmp_path / "empty")


def test_keys_of_the_json_report_are_stable(small: Path) -> None:
    from dataforge.io import report_json

    report = json.loads(report_json(stats(small)))
    assert [*report] == [
        "version", "path", "root", "format", "images", "images_without_objects", "objects",
        "crowd", "difficult", "splits", "classes", "objects_per_image", "images_by_objects",
        "small", "medium", "large", "area_of", "side", "sides", "aspect_ratio", "aspect_ratios",
        "image_sizes", "other_image_sizes", "image_width", "image_height", "positions", "together",
        "input_size", "anchors", "advice", "measured", "findings",
    ]  # fmt: skip
    assert [*report["classes"]["cat"]] == [
        "objects", "images", "small", "medium", "large", "crowd", "difficult", "splits",
    ]  # fmt: skip
