"""Segmentations in forms that exporters make: what is read, and what costs only itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import picture, write
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.coco_tools import Filter, filter_file, merge, subset
from dataforge.verbs.fix import planned_fixes

TRIANGLE = [10, 10, 30, 10, 30, 30]
POINTS = [[10, 10], [30, 10], [30, 30]]


def pixels() -> Any:
    marked = np.zeros((48, 64), np.uint8, order="F")
    marked[10:30, 10:30] = 1
    marked[10:12, 10:20] = 0
    return marked


RLE = coco_mask.encode(pixels())
COUNTS = RLE["counts"].decode()
RUNS = [492, *[18, 30] * 9, 18, *[28, 20] * 10, 1650]
"""Column by column: ten columns of rows 12 to 29, ten of rows 10 to 29."""


def dataset(folder: Path, segmentation: Any, area: float) -> Path:
    picture(folder / "a.jpg", (64, 48))
    return write(
        folder / "x.json",
        {
            "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": area,
                 "bbox": [10, 10, 20, 20], "segmentation": segmentation},
            ],
            "categories": [{"id": 1, "name": "cat"}],
        },
    )  # fmt: skip


def fix(folder: Path) -> None:
    """``check --fix --unsafe-fixes``"""
    with planned_fixes(str(folder), CheckOptions(), unsafe=True) as plan:
        plan.apply()


def codes(folder: Path) -> list[str]:
    return [one.code for one in check(str(folder), CheckOptions()).findings]


@pytest.mark.parametrize(
    "segmentation",
    [
        [TRIANGLE],
        POINTS,
        [POINTS],
        [[POINTS]],
        [[TRIANGLE]],
        [{"x": x, "y": y} for x, y in POINTS],
        [[{"x": x, "y": y} for x, y in POINTS]],
        [[str(value) for value in TRIANGLE]],
    ],
)
def test_polygons_in_other_forms_are_read(tmp_path: Path, segmentation: Any) -> None:
    file = dataset(tmp_path, segmentation, 200)
    assert codes(tmp_path) == ["odd-segmentation"] * (segmentation != [TRIANGLE])
    filter_file(str(file), str(tmp_path / "out.json"), Filter())
    read = COCO(str(tmp_path / "out.json"))
    assert read.anns[1]["segmentation"] == [TRIANGLE]
    assert read.anns[1]["area"] == 200


@pytest.mark.parametrize(
    ("segmentation", "found"),
    [
        ({"size": [48, 64], "counts": COUNTS}, []),
        ({"size": [48, 64], "counts": RUNS}, []),
        ({"size": [48, 64], "counts": COUNTS, "format": "rle"}, []),
        ([{"size": [48, 64], "counts": COUNTS}], ["odd-segmentation"]),
        ({"size": [48, 64], "counts": str(COUNTS.encode())}, ["odd-segmentation"]),
        ({"size": ["48", "64"], "counts": COUNTS}, ["odd-segmentation"]),
        ({"size": [48.0, 64.0], "counts": [float(run) for run in RUNS]}, ["odd-segmentation"]),
    ],
)
def test_masks_in_other_forms_are_read(tmp_path: Path, segmentation: Any, found: Any) -> None:
    file = dataset(tmp_path, segmentation, 380)
    assert codes(tmp_path) == found
    filter_file(str(file), str(tmp_path / "out.json"), Filter())
    read = COCO(str(tmp_path / "out.json"))
    assert np.array_equal(read.annToMask(read.anns[1]), pixels())


@pytest.mark.parametrize(
    ("segmentation", "code"),
    [
        ("none", "bad-segmentation"),
        ([[10, 10, 30, 10, None, 30]], "bad-segmentation"),
        ([TRIANGLE, [1, 2, None]], "bad-segmentation"),
        ({"size": [48, 64], "counts": "~~"}, "bad-rle"),
        ([[10, 10, 30]], "bad-ring"),
        ({"lat": 1}, "bad-segmentation"),
    ],
)
def test_an_outline_that_cannot_be_read_costs_only_itself(
    tmp_path: Path, segmentation: Any, code: str
) -> None:
    """The area is neither judged nor changed, and coco tools write only what was read."""
    file = dataset(tmp_path, segmentation, 77)
    before = file.read_bytes()
    assert codes(tmp_path) == [code]
    fix(tmp_path)
    assert file.read_bytes() == before
    filter_file(str(file), str(tmp_path / "out.json"), Filter())
    (written,) = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert (written["bbox"], written["area"]) == ([10, 10, 20, 20], 77)
    was_read = [TRIANGLE] if isinstance(segmentation, list) and TRIANGLE in segmentation else []
    assert written["segmentation"] == was_read


def filtered(file: Path, out: Path) -> None:
    filter_file(str(file), str(out), Filter())


def merged(file: Path, out: Path) -> None:
    merge([str(file)], str(out))


def part(file: Path, out: Path) -> None:
    subset(str(file), str(out), images=1)


TOOLS = pytest.mark.parametrize("tool", [filtered, merged, part])


@TOOLS
@pytest.mark.parametrize(
    "counts",
    [
        [5, 1_000_000],
        [3073, -1],
        [-1, 3073],
        [],
        COUNTS[:-2],
        COUNTS + "01",
        "~~",
        RUNS[:-1],
        [0.5, 3071.5],
    ],
)
def test_a_mask_that_is_skipped_is_not_written(tmp_path: Path, counts: Any, tool: Any) -> None:
    file = dataset(tmp_path, {"size": [48, 64], "counts": counts}, 77)
    tool(file, tmp_path / "out.json")
    read = COCO(str(tmp_path / "out.json"))
    assert read.anns[1]["segmentation"] == []  # as COCO has it where there is only a box
    assert (read.anns[1]["bbox"], read.anns[1]["area"]) == ([10, 10, 20, 20], 77)


@TOOLS
def test_a_mask_that_is_read_is_packed_as_pycocotools_reads_it(tmp_path: Path, tool: Any) -> None:
    """Runs of 10, 1000, 10, 744 and 1308 pixels; the fourth is stored as -256, padded with ones."""
    padded = {"size": [48, 64], "counts": ":Xo0:PhooooObX1"}
    assert coco_mask.area(padded) == 1992
    file = dataset(tmp_path, padded, 1744)
    assert codes(tmp_path) == ["bad-rle"]
    tool(file, tmp_path / "out.json")
    read = COCO(str(tmp_path / "out.json"))
    assert read.anns[1]["segmentation"] == {"size": [48, 64], "counts": ":Xo0:PHbX1"}
    assert read.annToMask(read.anns[1]).T.ravel().tolist() == (
        [0] * 10 + [1] * 1000 + [0] * 10 + [1] * 744 + [0] * 1308
    )


def test_fixing_a_box_leaves_an_odd_outline_alone(tmp_path: Path) -> None:
    file = dataset(tmp_path, [POINTS], 200)
    content = json.loads(file.read_text())
    content["annotations"][0]["bbox"] = [-5, 10, 35, 20]
    write(file, content)
    fix(tmp_path)
    (annotation,) = json.loads(file.read_text())["annotations"]
    assert annotation == content["annotations"][0] | {"bbox": [0, 10, 30, 20]}
