"""COCO files that a conversion writes, judged by pycocotools; and one file of several."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    HEIGHT,
    SAMPLE,
    SQUARE,
    WIDTH,
    document,
    mask_shape,
    picture,
    run_convert,
    shape,
    write,
)
from pycocotools.coco import COCO

from dataforge.errors import InputError
from dataforge.jobs import Job, Report
from dataforge.verbs.convert import convert


def perimeter(ring: list[float]) -> float:
    points = np.array(ring).reshape(-1, 2)
    return float(np.hypot(*(points - np.roll(points, 1, axis=0)).T).sum())


def loaded(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


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


def coco_file(*ids: int) -> dict[str, object]:
    """The image a.jpg with annotations of these ids."""
    entry = {"image_id": 1, "category_id": 1, "bbox": [10, 12, 20.5, 28], "area": 574}
    size = {"width": WIDTH, "height": HEIGHT}
    return {
        "images": [{"id": 1, "file_name": "a.jpg"} | size],
        "annotations": [entry | {"id": number} for number in ids],
        "categories": [{"id": 1, "name": "cat"}],
    }


def test_a_single_file_of_a_folder(tmp_path: Path) -> None:
    def run(source: Path) -> Report:
        out = tmp_path / "out.json"
        job = Job(source=str(source), out=str(out), reads="coco", writes="coco", force=True)
        return convert(job)

    picture(tmp_path / "in" / "a.jpg")
    write(tmp_path / "in" / "one.json", coco_file(1, 2))
    write(tmp_path / "in" / "two.json", coco_file(1))
    report = run(tmp_path / "in" / "one.json")
    assert (report.images, report.shapes, report.failed) == ({"all": 1}, 2, False)
    with pytest.raises(InputError, match="no such file or folder"):
        run(tmp_path / "in" / "no.json")
