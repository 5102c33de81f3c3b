"""Boxes and the conventions that they are counted by; numbers by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.geometry import Coords
from dataforge.records import Box

coordinates = st.floats(-1e6, 1e6).map(lambda value: round(value * 8) / 8)  # exact in binary
boxes = st.tuples(coordinates, coordinates, coordinates, coordinates)
conventions: st.SearchStrategy[Coords] = st.sampled_from(["voc", "mmdet", "zero"])


@pytest.mark.parametrize(
    ("coords", "edges"),
    [("voc", (9, 11, 30, 40)), ("mmdet", (9, 11, 29, 39)), ("zero", (10, 12, 30, 40))],
)
def test_to_edges_follows_the_table_of_formats_md(coords: Coords, edges: Box) -> None:
    assert geometry.to_edges((10, 12, 30, 40), coords) == edges


def test_the_first_pixel_is_one_square_pixel_under_voc() -> None:
    # xmin = xmax = 1 marks the single top-left pixel.
    assert geometry.to_edges((1, 1, 1, 1), "voc") == (0, 0, 1, 1)


@pytest.mark.parametrize("coords", ["voc", "mmdet", "zero"])
@pytest.mark.parametrize("value", [0.1, -0.3, 1 / 3, 123456.789, 1e-7, 5e-324, 1e300, 0.0, 7.0])
def test_edges_become_text_without_rounding(value: float, coords: Coords) -> None:
    box = (value, value, value, value)
    assert geometry.edges_of_text(geometry.text_of_edges(box, coords), coords) == box


def test_text_of_edges_is_plain() -> None:
    assert geometry.text_of_edges((0.1, -1, 2.5, 30), "voc") == ("1.1", "0", "2.5", "30")
    assert geometry.text_of_edges((1e-7, 1e6, 1e16, 0.5), "zero") == (
        "0.0000001",
        "1000000",
        "10000000000000000",
        "0.5",
    )


@given(boxes)
def test_ordered_is_ordered_and_keeps_the_area(box: Box) -> None:
    x0, y0, x1, y1 = geometry.ordered(box)
    assert x0 <= x1
    assert y0 <= y1
    assert (x1 - x0) * (y1 - y0) == geometry.box_area(box)
    assert sorted((x0, x1)) == sorted((box[0], box[2]))


def test_box_corners_go_round_the_box() -> None:
    assert geometry.box_corners((1, 2, 5, 9)) == (1, 2, 5, 2, 5, 9, 1, 9)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ((10, 10, 20, 20), (10, 10, 20, 20)),
        ((-5, -5, 70, 50), (0, 0, 64, 48)),
        ((70, 10, 80, 20), (64, 10, 64, 20)),  # outside: no width left
        ((-9, 10, -1, 20), (0, 10, 0, 20)),
    ],
)
def test_clip_box(box: Box, clipped: Box) -> None:
    assert geometry.clip_box(box, 64, 48) == clipped


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 15, 10), 50 / 150),
        ((2, 2, 7, 7), 0.25),
        ((10, 0, 20, 10), 0.0),  # side by side
        ((20, 20, 30, 30), 0.0),
        ((3, 3, 3, 9), 0.0),
    ],
)
def test_iou(other: Box, overlap: float) -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    assert geometry.iou(box, other) == geometry.iou(other, box) == pytest.approx(overlap)


small_boxes = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(0, 4)] * 2).map(
    lambda box: (float(box[0]), float(box[1]), float(box[0] + box[2]), float(box[1] + box[3]))
)


@given(st.lists(small_boxes, max_size=7))
def test_any_overlap_agrees_with_all_pairs(boxes: list[Box]) -> None:
    """Boxes that only touch do not overlap; a line inside a box does."""
    overlap = any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for a, b in combinations(boxes, 2)
    )
    assert geometry.any_overlap(boxes) is overlap


short = st.decimals(-9999, 9999, places=11).map(str)


@given(st.tuples(short, short, short, short), conventions)
def test_shifted_is_exact_in_decimal(texts: tuple[str, ...], coords: Coords) -> None:
    as_written = geometry.edges_of_text(texts, "zero")
    assert geometry.shifted(as_written, coords) == geometry.edges_of_text(texts, coords)


@pytest.mark.parametrize("coords", ["voc", "mmdet", "zero"])
@pytest.mark.parametrize(
    "texts",
    [
        ("1", "2", "30", "40"),
        ("007", "-0", "+3", "1e3"),
        ("1.1", "2.0", "0.3", "-0.7"),
        ("999999999999999", "4503599627370497", "1e300", "1e-7"),
        ("inf", "-inf", "1e999", "1"),
    ],
)
def test_edges_of_text_match_exact_arithmetic(texts: tuple[str, ...], coords: Coords) -> None:
    exact = tuple(
        float(text) if "inf" in text else _rounded(Fraction(text) + Fraction(offset))
        for text, offset in zip(texts, geometry.COORDS_OFFSETS[coords], strict=True)
    )
    assert geometry.edges_of_text(texts, coords) == exact
    assert geometry.shifted(geometry.edges_of_text(texts, "zero"), coords) == exact


def _rounded(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def test_nan_stays_nan() -> None:
    nan = float("nan")
    assert all(map(math.isnan, geometry.shifted((nan, nan, nan, nan), "voc")))
