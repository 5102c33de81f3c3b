"""The smallest turned box around points."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.geometry import points_of, ring_area, smallest_box


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([(0, 0), (4, 0), (4, 2), (0, 2)], 8),
        ([(20, 10), (30, 20), (20, 30), (10, 20)], 200),
        ([(0, 0), (4, 0), (4, 2), (0, 2), (1, 1), (2, 0)], 8),
        ([(0, 0), (20, 0), (0, 10)], 200),  # a right triangle fills half of its box
    ],
)
def test_known_boxes(points: list[tuple[float, float]], area: float) -> None:
    ring = smallest_box(points)
    assert len(ring) == 8
    assert ring_area(ring) == pytest.approx(area)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(0, 0), (3, 3)], [(0, 0), (1, 1), (2, 2)]])
def test_without_area_there_is_none(points: list[tuple[float, float]]) -> None:
    assert smallest_box(points) == ()


POINTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=12)


@given(POINTS)
def test_it_holds_all_points_and_is_no_larger_than_the_upright_box(
    points: list[tuple[int, int]],
) -> None:
    ring = smallest_box(points)
    if not ring:
        return
    (ax, ay), (bx, by), (cx, cy), _ = points_of(ring)
    wide, high = math.dist((ax, ay), (bx, by)), math.dist((bx, by), (cx, cy))
    ux, uy, vx, vy = (bx - ax) / wide, (by - ay) / wide, (cx - bx) / high, (cy - by) / high
    assert ux * vx + uy * vy == pytest.approx(0, abs=1e-9)
    for x, y in points:
        assert -1e-9 <= (x - ax) * ux + (y - ay) * uy <= wide + 1e-9
        assert -1e-9 <= (x - ax) * vx + (y - ay) * vy <= high + 1e-9
    xs, ys = zip(*points, strict=True)
    assert wide * high <= (max(xs) - min(xs)) * (max(ys) - min(ys)) + 1e-9
