"""Rows of other tasks: what their columns mean shows over the whole dataset."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import load_coco, picture, run_convert, snapshot, write

from dataforge.findings import Finding
from dataforge.formats.yolo.forms import Form, form_of
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.fix import planned_fixes

SIZE = (640, 480)


def rows(folder: Path, *files: str, data: str = "names: [a, b]\n") -> Path:
    """An image for each label file."""
    write(folder / "data.yaml", f"train: images\nval: images\n{data}")
    for number, text in enumerate(files):
        picture(folder / f"images/{number}.jpg", SIZE)
        write(folder / f"labels/{number}.txt", text)
    return folder


def converted(folder: Path, **options: Any) -> tuple[list[dict[str, Any]], list[Finding]]:
    """(annotations, findings) of a conversion, the same with two workers."""
    out = folder.parent / f"{folder.name}_out"
    report = run_convert(folder, out, "yolo", **options)
    found = load_coco(out)["annotations"]
    run_convert(folder, out, "yolo", workers=2, force=True, **options)
    assert load_coco(out)["annotations"] == found
    return found, report.findings


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings} - {"same-split"}


def boxes(annotations: list[dict[str, Any]]) -> list[list[float]]:
    return [[round(value, 6) for value in a["bbox"]] for a in annotations]


# Keypoints --------------------------------------------------------------------------------------

PLATE = "0 0.5 0.5 0.4 0.2 0.3 0.4 0.7 0.4 0.7 0.6 0.3 0.6\n"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (PLATE, 1),
        (PLATE + "0 0.2 0.3 0.2 0.2 0.12 0.25 0 0 0.28 0.35 0.2 0.39\n", 2),  # one is not visible
        # visibilities; with and without boxes that have no keypoints; predicted with a score
        ("0 0.5 0.5 0.4 0.2 0.4 0.45 2 0.6 0.55 1\n", 1),
        ("0 0.5 0.5 0.4 0.2 0.4 0.45 2 0.6 0.55 1\n1 0.5 0.5 0.4 0.2\n", 1),
        ("0 0.5 0.5 0.4 0.2 0.4 0.45 0.91 0.6 0.55 0.32 0.95\n", 1),
        ("0 0.5 0.5 0.4 0.2 0.4 0.45 0.6 0.55 0.95 7\n", 1),  # and a track id
    ],
)
def test_keypoints_are_told_without_kpt_shape(tmp_path: Path, text: str, number: int) -> None:
    annotations, findings = converted(rows(tmp_path / "d", text))
    assert boxes(annotations)[0] == [192, 192, 256, 96]
    assert all(annotation["segmentation"] == [] for annotation in annotations)
    (keypoints,) = [f for f in findings if f.code == "keypoints-not-read"]
    assert keypoints.message.startswith(f"{number} row")
    assert "self-intersecting" not in codes(findings)


def test_other_keypoints_than_declared_are_bad_rows(tmp_path: Path) -> None:
    text = "1 0.1 0.75 0.04 0.05 0.11 0.42 0.13 0.42 0.09 0.40 0.11 0.39\n"
    folder = rows(
        tmp_path / "d", text, "0 0.5 0.5 0.2 0.2\n", data="kpt_shape: [8, 2]\nnames: [a, b]\n"
    )
    annotations, findings = converted(folder)
    assert boxes(annotations) == [[256, 192, 128, 96]]
    (bad,) = [finding for finding in findings if finding.code == "bad-row"]
    assert (bad.where, bad.lost) == ("line 1", 1)
    assert "kpt_shape is 8x2: expected 5 or 21 columns, got 13" in bad.message


@pytest.mark.parametrize(
    "text",
    [
        # pairs of which the first two are a box that encloses the rest: small, and far from 0
        "0 0.4 0.4 0.45 0.41 0.46 0.47 0.39 0.45\n",
        "0 0.4 0.4 0.42 0.39 0.45 0.42 0.43 0.45 0.41 0.44\n",
        "0 0.2 0.2 0.3 0.2 0.3 0.3 0.2 0.3\n",
        # of more than one length
        PLATE + "0 0.5 0.5 0.4 0.2 0.3 0.4 0.7 0.4\n",
    ],
)
def test_polygons_are_not_taken_for_keypoints(tmp_path: Path, text: str) -> None:
    annotations, findings = converted(rows(tmp_path / "d", text))
    first = [float(column) for column in text.split("\n")[0].split()[1:]]
    scaled = [value * SIZE[at % 2] for at, value in enumerate(first)]
    assert annotations[0]["segmentation"] == [pytest.approx(scaled)]
    assert "keypoints-not-read" not in codes(findings)


# What follows the shape ---------------------------------------------------------------------------


def test_confidence_and_track_id_are_no_triangle(tmp_path: Path) -> None:
    text = "0 0.5 0.5 0.2 0.2 0.87 1\n0 0.3 0.3 0.1 0.1 0.9 {}\n"
    annotations, findings = converted(rows(tmp_path / "d", text.format(2), text.format(37)))
    assert boxes(annotations) == [[256, 192, 128, 96], [160, 120, 64, 48]] * 2
    assert all(annotation["segmentation"] == [] for annotation in annotations)
    assert [(a["attributes"]["score"], a["attributes"]["track_id"]) for a in annotations] == [
        (0.87, 1), (0.9, 2), (0.87, 1), (0.9, 37),
    ]  # fmt: skip
    assert codes(findings) == {"predicted-rows"}


def test_a_track_id_alone_is_no_score(tmp_path: Path) -> None:
    annotations, findings = converted(
        rows(tmp_path / "d", "0 0.5 0.5 0.2 0.2 1\n", "0 0.5 0.5 0.2 0.2 12\n")
    )
    assert [a["attributes"] for a in annotations] == [{"track_id": 1}, {"track_id": 12}]
    assert codes(findings) == {"predicted-rows"}


@pytest.mark.parametrize(
    ("tail", "attributes"),
    [("0.9 12", {"score": 0.9, "track_id": 12}), ("0.9", {"score": 0.9}), ("12", {"track_id": 12})],
)
def test_columns_after_a_polygon_are_no_point(
    tmp_path: Path, tail: str, attributes: dict[str, Any]
) -> None:
    polygon, other = "0.1 0.1 0.4 0.1 0.5 0.3 0.3 0.5 0.1 0.4", "0.6 0.6 0.9 0.6 0.9 0.9 0.7 0.9"
    annotations, findings = converted(
        rows(tmp_path / "d", f"0 {polygon} {tail}\n", f"0 {other} {tail}\n")
    )
    assert [len(annotation["segmentation"][0]) for annotation in annotations] == [10, 8]
    assert [annotation["attributes"] for annotation in annotations] == [attributes] * 2
    assert codes(findings) == {"predicted-rows"}


def test_a_triangle_stays_a_triangle(tmp_path: Path) -> None:
    annotations, _ = converted(rows(tmp_path / "d", "0 0.1 0.1 0.4 0.1 0.4 1\n"))
    assert len(annotations[0]["segmentation"][0]) == 6


# Oriented boxes -----------------------------------------------------------------------------------

TURNED = "0 0.5 0.3 0.6 0.4 0.5 0.5 0.4 0.4\n"


@pytest.mark.parametrize("tail", ["", " 0.9", " 0.9 4"])
def test_corners_of_oriented_boxes_are_no_outline(tmp_path: Path, tail: str) -> None:
    folder = rows(tmp_path / "d", TURNED.replace("\n", f"{tail}\n"))
    annotations, findings = converted(folder)
    assert boxes(annotations) == [[256, 144, 128, 96]]
    assert annotations[0]["segmentation"] == []
    (found,) = [finding for finding in findings if finding.code == "oriented-boxes"]
    assert re.match(r"\d+ rows? with the corners of an oriented box", found.message)
    assert found.remedy == "to keep the corners as outlines, use --oriented outline"


def test_corners_of_oriented_boxes_are_an_outline_by_option(tmp_path: Path) -> None:
    folder = rows(tmp_path / "d", TURNED)
    annotations, _ = converted(folder, read_options={"oriented": "outline"})
    assert annotations[0]["segmentation"] == [
        pytest.approx([320, 144, 384, 192, 320, 240, 256, 192])
    ]
    assert annotations[0]["area"] == pytest.approx(128 * 96 / 2)


def test_a_box_with_an_angle_is_not_read_as_a_score(tmp_path: Path) -> None:
    folder = rows(tmp_path / "d", "0 0.5 0.5 0.2 0.1 0.785\n1 0.5 0.5 0.2 0.1 -0.2\n")
    (finding,) = [f for f in check(str(folder)).findings if f.code == "angle-column"]
    assert (finding.severity, finding.lost, finding.where) == ("error", 2, "line 1")


# Fixes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0 0.9 0.5 0.3 0.2 0.8 0.4 0.9 0.6 1 0.45 0.8 0.6\n" + PLATE * 9,  # beyond the image
        "0 0.5 0.5 0.4 0.2 0.4 0.45 2 0.6 0.55 1\n" * 2,  # the same twice
        "0 0.9 0.5 0.3 0.2 0.87 1\n0 0.5 0.5 0.3 0.2 0.87 7\n",
        "0 0.9 0.3 1.1 0.4 0.9 0.5 0.7 0.4\n",
        "0 0.5 0.5 0.2 0.1 -0.785\n",
    ],
)
def test_fixes_leave_rows_of_other_tasks_alone(tmp_path: Path, text: str) -> None:
    folder = rows(tmp_path / "d", text, "0 0.5 0.5 0.2 0.2\n")
    before = snapshot(folder)
    with planned_fixes(str(folder), CheckOptions(reads="yolo"), unsafe=True) as plan:
        assert "labels/0.txt" not in plan.files
        plan.apply(str(tmp_path / "backup"))
    assert snapshot(folder) == before


# Many datasets ------------------------------------------------------------------------------------


def _box(rng: random.Random) -> tuple[float, float, float, float]:
    w, h = rng.uniform(0.03, 0.6), rng.uniform(0.03, 0.6)
    return rng.uniform(w / 2, 1 - w / 2), rng.uniform(h / 2, 1 - h / 2), w, h


def _pose(rng: random.Random, number: int, size: int) -> list[float]:
    """A box with keypoints, some of which are not visible."""
    cx, cy, w, h = _box(rng)
    row = [cx, cy, w, h]
    for _ in range(number):
        is_seen = rng.random() > 0.1
        point = [cx + rng.uniform(-w, w) / 2, cy + rng.uniform(-h, h) / 2] if is_seen else [0, 0]
        row += [*point, *[rng.choice((1, 2)) if is_seen else 0] * (size - 2)]
    return [round(float(value), 6) for value in row]


def _star(rng: random.Random, number: int, first: int) -> list[float]:
    """A polygon around the middle of a box."""
    cx, cy, w, h = _box(rng)
    angles = sorted(rng.uniform(0, 2 * math.pi) for _ in range(number))
    angles = angles[first:] + angles[:first]
    points = [
        (cx + far * w / 2 * math.cos(angle), cy + far * h / 2 * math.sin(angle))
        for angle in angles
        for far in [rng.uniform(0.5, 1)]
    ]
    return [round(value, 6) for point in points for value in point]


@pytest.mark.parametrize("rows", [5, 20, 100])
@pytest.mark.parametrize("number", [3, 5, 8, 17, 21])
def test_rows_of_one_length_are_told_over_the_dataset(rows: int, number: int) -> None:
    rng = random.Random(1000 * rows + number)
    for _ in range(12):
        for size in (2, 3):
            poses = [_pose(rng, number, size) for _ in range(rows)]
            assert form_of(poses) == Form(keypoints=number * size)
        first = rng.randrange(number)
        polygons = [_star(rng, number + 2, first) for _ in range(rows)]
        assert form_of(polygons) == Form()


def test_polygons_at_one_place_are_not_taken_for_keypoints() -> None:
    """A camera that does not move: each box of the first two points encloses the rest."""
    rng = random.Random(7)
    rows = []
    for _ in range(50):
        polygon = _star(rng, 8, 0)
        left, top = min(polygon[::2]), min(polygon[1::2])
        scale = 0.1 / (max(polygon) - min(left, top))
        rows.append([round(0.45 + (value - (left, top)[at % 2]) * scale, 6)
                     for at, value in enumerate(polygon)])  # fmt: skip
    assert form_of(rows) == Form()
