"""Rings; numbers by hand, or exactly in integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.records import Ring

grid_points = st.tuples(st.integers(-4, 12), st.integers(-4, 12))


def flat(points: list[tuple[int, int]]) -> Ring:
    return tuple(float(value) for point in points for value in point)


def test_ring_box_spans_all_rings() -> None:
    assert geometry.ring_box((3, 8, 5, 1, 4, 4), (-2, 5, 0, 6, 1, 2)) == (-2, 1, 5, 8)


@pytest.mark.parametrize(
    ("ring", "area"),
    [
        ((10, 10, 30, 10, 30, 30, 10, 30), 400),  # 20 * 20
        ((10, 30, 30, 30, 30, 10, 10, 10), 400),  # the other way round
        ((0, 0, 4, 0, 0, 3), 6),  # 4 * 3 / 2
        # an L: 4 * 4 less the 2 * 2 that is cut out
        ((0, 0, 4, 0, 4, 2, 2, 2, 2, 4, 0, 4), 12),
        ((0, 0, 10, 10, 10, 0, 0, 10), 0),  # a bow-tie's halves cancel out
    ],
)
def test_ring_area(ring: Ring, area: float) -> None:
    assert geometry.ring_area(ring) == area


def test_ring_area_far_from_the_origin_keeps_its_digits() -> None:
    far = 2.0**40
    ring = (far, far, far + 1, far, far + 1, far + 0.5, far, far + 0.5)
    assert geometry.ring_area(ring) == 0.5


@given(st.lists(grid_points, min_size=3, max_size=8))
def test_ring_area_is_the_exact_shoelace_sum(points: list[tuple[int, int]]) -> None:
    twice = sum(
        ax * by - bx * ay
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True)
    )
    assert geometry.ring_area(flat(points)) == abs(Fraction(twice, 2))


def test_clip_ring_cuts_a_square_at_the_corner() -> None:
    clipped = geometry.clip_ring((-10, -10, 10, -10, 10, 10, -10, 10), 64, 48)
    assert geometry.ring_box(clipped) == (0, 0, 10, 10)
    assert geometry.ring_area(clipped) == 100


def test_clip_ring_crosses_at_the_border() -> None:
    # The edge (-10,0)-(10,20) meets x = 0 at y = 10, (10,30)-(-10,0) at y = 15:
    # what is left is the quadrilateral (0,10) (10,20) (10,30) (0,15), area by shoelace:
    # (0*20-10*10) + (10*30-10*20) + (10*15-0*30) + (0*10-0*15) = -100+100+150+0 = 150, half is 75.
    clipped = geometry.clip_ring((-10, 0, 10, 20, 10, 30), 64, 48)
    assert geometry.ring_area(clipped) == 75
    assert geometry.ring_box(clipped) == (0, 10, 10, 30)


def test_clip_ring_of_an_outside_ring_is_empty() -> None:
    assert geometry.clip_ring((70, 0, 80, 0, 80, 10), 64, 48) == ()


def brute_force_simple(points: list[tuple[int, int]]) -> bool:
    """No two edges that are not neighbours share a point, in exact integers."""
    points = [b for a, b in zip(points[-1:] + points[:-1], points, strict=True) if a != b]
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    for i, j in combinations(range(len(edges)), 2):
        if j - i in (1, len(edges) - 1):
            continue
        if share_a_point(*edges[i], *edges[j]):
            return False
    return True


def share_a_point(
    a: tuple[int, int], b: tuple[int, int], c: tuple[int, int], d: tuple[int, int]
) -> bool:
    def turn(p: tuple[int, int], q: tuple[int, int], r: tuple[int, int]) -> int:
        cross = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (cross > 0) - (cross < 0)

    def between(p: tuple[int, int], q: tuple[int, int], r: tuple[int, int]) -> bool:
        """r, known to be on the line through p and q, is on the segment."""
        return all(min(p[k], q[k]) <= r[k] <= max(p[k], q[k]) for k in (0, 1))

    if turn(a, b, c) != turn(a, b, d) and turn(c, d, a) != turn(c, d, b):
        return True
    return any(
        turn(p, q, r) == 0 and between(p, q, r)
        for p, q, r in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    )


@given(st.lists(grid_points, min_size=3, max_size=7))
def test_a_clipped_ring_is_inside_and_no_larger_than_either(points: list[tuple[int, int]]) -> None:
    ring = flat(points)
    assume(brute_force_simple(points))
    clipped = geometry.clip_ring(ring, 8, 6)
    assert all(0 <= x <= 8 for x in clipped[0::2])
    assert all(0 <= y <= 6 for y in clipped[1::2])
    if clipped:
        area = geometry.ring_area(clipped)
        assert area <= geometry.ring_area(ring) + 1e-9
        assert area <= 8 * 6 + 1e-9


@given(st.lists(grid_points, min_size=3, max_size=7))
def test_clipping_splits_the_area_in_two(points: list[tuple[int, int]]) -> None:
    """Left and right of x = 4, moved so that each is inside its image, add up to the whole."""
    assume(brute_force_simple(points))
    moved = [(x + 4, y + 4) for x, y in points]  # now 0..16 both ways
    left = geometry.clip_ring(flat(moved), 4, 16)
    right = geometry.clip_ring(flat([(x - 4, y) for x, y in moved]), 12, 16)
    total = sum(geometry.ring_area(ring) for ring in (left, right) if ring)
    assert total == pytest.approx(geometry.ring_area(flat(moved)))


@pytest.mark.parametrize(
    ("ring", "simple"),
    [
        ((0, 0, 10, 0, 10, 10, 0, 10), True),
        ((0, 0, 10, 10, 10, 0, 0, 10), False),  # bow-tie
        ((0, 0, 10, 0, 10, 10, 0, 10, 0, 0), True),  # the first point again at the end
        ((0, 0, 10, 0, 10, 0, 10, 10, 0, 10), True),  # a point clicked twice
        ((0, 0, 8, 0, 8, 8, 4, 8, 4, 0, 2, 8), False),  # a corner on another edge
        # a thin U, not star-shaped around its mean
        ((0, 0, 9, 0, 9, 9, 8, 9, 8, 1, 1, 1, 1, 9, 0, 9), True),
        # wound twice: a star drawn in one stroke
        ((10, 0, 16, 19, 0, 7, 20, 7, 4, 19), False),
    ],
)
def test_is_simple(ring: Ring, simple: bool) -> None:
    assert geometry.is_simple(ring) is simple


@given(st.lists(grid_points, min_size=3, max_size=9))
def test_is_simple_agrees_with_brute_force(points: list[tuple[int, int]]) -> None:
    assert geometry.is_simple(flat(points)) == brute_force_simple(points)


turned = st.permutations(range(40)).map(lambda order: order[:24])


@given(turned, st.integers(0, 23), st.integers(0, 23))
def test_is_simple_agrees_with_brute_force_on_long_rings(
    order: list[int], place: int, other: int
) -> None:
    """Rings around a point, which are simple, with one point moved, after which some are not."""
    points = [(at * 7 % 13 - 6, at * 11 % 17 - 8) for at in order]
    points.sort(key=lambda point: math.atan2(point[1] + 0.3, point[0] + 0.2))
    points.insert(place, points.pop(other))
    assert geometry.is_simple(flat(points)) == brute_force_simple(points)


def test_is_simple_is_exact() -> None:
    """A point that is 2 ** -50 away from an edge does not touch it."""
    near, on = 4 + 2.0**-50, 4.0
    for x, simple in ((near, True), (on, False)):
        ring = (0.0, 0.0, 4.0, 8.0, 4.0, 0.0, 9.0, 0.0, x, 4.0, 9.0, 9.0, 0.0, 9.0)
        assert geometry.is_simple(ring) is simple
        assert geometry.is_simple(tuple(value * 2.0**-600 for value in ring)) is simple


RING: Ring = (0, 0, 9, 0, 9, 9, 0, 9)


HOLE: Ring = (3, 3, 3, 6, 6, 6, 6, 3)


@pytest.mark.parametrize(
    ("ring", "bridged"),
    [
        ((*RING, 0, 0, *HOLE, 3, 3), True),  # over from (0, 0), around the hole, and back
        ((*RING, 0, 0, 0, 0, *HOLE, 3, 3), True),  # a point clicked twice
        ((0, 0, 4, 0, 9, 0, 9, 4, 9, 0, 4, 0, 4, 4), True),  # there and back over two edges
        (RING, False),
        ((*RING, 0, 0), False),  # closed
        ((0, 0, 9, 0, 9, 5, 14, 5, 9, 5, 9, 9, 0, 9), False),  # a spike
        ((0, 0, 9, 9, 9, 0, 0, 9), False),  # a bow-tie
        ((*RING, 0, 0, 3, 3, 3, 6, 6, 6, 6, 3, 2.9, 3), False),  # back beside the bridge
    ],
)
def test_is_bridged(ring: Ring, bridged: bool) -> None:
    assert geometry.is_bridged(ring) is bridged


def test_joined_rings_are_bridged() -> None:
    assert geometry.is_bridged(geometry.joined([RING, tuple(value + 20 for value in RING)]))


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.05, 3000))
def test_a_circles_ring_is_within_half_a_pixel(cx: float, cy: float, radius: float) -> None:
    ring = geometry.circle_ring(cx, cy, radius)
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        assert math.hypot(ax - cx, ay - cy) == pytest.approx(radius)
        middle = math.hypot((ax + bx) / 2 - cx, (ay + by) / 2 - cy)
        assert radius - 0.5 - 1e-9 <= middle <= radius + 1e-9
    assert geometry.ring_box(ring) == pytest.approx(
        (cx - radius, cy - radius, cx + radius, cy + radius)
    )
    assert geometry.is_simple(ring)


def test_a_large_circle_has_few_corners() -> None:
    # pi / acos(1 - 0.5/100) = pi / 0.100042 = 31.4 -> 32 corners, a multiple of four
    assert len(geometry.circle_ring(0, 0, 100)) == 2 * 32


def test_stroke_rings_are_rectangles_around_each_segment() -> None:
    rings = geometry.stroke_rings([(0, 0), (10, 0), (10, 0), (10, 5)], 4)
    assert len(rings) == 2  # the segment of no length is left out
    assert geometry.ring_box(rings[0]) == (0, -2, 10, 2)
    assert geometry.ring_box(rings[1]) == (8, 0, 12, 5)
    assert [geometry.ring_area(ring) for ring in rings] == [40, 20]  # 10 * 4 and 5 * 4


def test_rings_of_the_smallest_numbers_are_refused() -> None:
    rings = [(0.0, 0.0, i * 5e-324, 0.0, 0.0, 5e-324) for i in range(1, 300)]
    with pytest.raises(geometry.TooLargeError, match="shortest bridges"):
        geometry.joined(rings)


def test_joined_takes_the_shortest_bridge() -> None:
    square, far, near = (0, 0, 2, 0, 2, 2, 0, 2), (9, 0, 10, 0, 10, 1), (4, 2, 5, 2, 5, 3)
    assert geometry.joined([square]) == square
    # from (2, 2) to (4, 2), and from (5, 2) on to (9, 0)
    assert geometry.joined([square, far, near]) == (
        0, 0, 2, 0, 2, 2, 4, 2, 5, 2, 9, 0, 10, 0, 10, 1, 9, 0, 5, 2, 5, 3, 4, 2, 2, 2, 0, 2,
    )  # fmt: skip


def joined_slowly(rings: list[Ring]) -> Ring:
    """Prim's algorithm on all pairs of points: to the nearest ring, of several to the first."""
    parts = [geometry.points_of(ring) for ring in rings]
    merged, connected, left = parts[0], [0], set(range(1, len(parts)))
    while left:
        bridges = []
        for here, there in product(connected, left):
            lengths = {
                (at, to): (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2
                for (at, p), (to, q) in product(enumerate(parts[here]), enumerate(parts[there]))
            }
            at, to = min(lengths, key=lambda pair: (lengths[pair], pair))
            bridges.append((lengths[at, to], there, parts[here][at], parts[there][to]))
        _, number, start, end = min(bridges)
        at, turn, part = merged.index(start), parts[number].index(end), parts[number]
        merged = [*merged[: at + 1], *part[turn:], *part[: turn + 1], *merged[at:]]
        connected.append(number)
        left.remove(number)
    merged = [b for a, b in zip(merged[-1:] + merged[:-1], merged, strict=True) if a != b]
    return tuple(value for point in merged for value in point)


cells = st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=6, max_size=6)
few = st.sampled_from([0, 2**18])  # few points are compared at once, others in steps


@given(cells, few)
def test_joined_parts_of_a_mask_are_a_minimum_spanning_tree(
    rows: list[list[bool]], at_once: int
) -> None:
    rings = geometry.mask_rings(geometry.mask_from_crop(np.array(rows), 0, 0, (6, 7)))
    assume(rings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataforge.geometry.joining._AT_ONCE", at_once or 7)
        assert geometry.joined(rings) == joined_slowly([*rings])


@given(st.lists(st.lists(grid_points, min_size=3, max_size=5), min_size=1, max_size=5), few)
def test_joined_polygons_are_a_minimum_spanning_tree(
    parts: list[list[tuple[int, int]]], at_once: int
) -> None:
    rings = [flat([(x * 3 + 40 * at, y) for x, y in part]) for at, part in enumerate(parts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataforge.geometry.joining._AT_ONCE", at_once or 7)
        assert geometry.joined(rings) == joined_slowly(rings)
        patch.setattr("dataforge.geometry.joining._Chain._LIMIT", 4)
        assert geometry.joined(rings) == joined_slowly(rings)


def test_a_clipped_ring_has_floats_alone() -> None:
    ring = geometry.clip_ring((-5.0, 2.0, 90.0, 2.0, 90.0, 70.0), 64, 48)
    assert {type(value) for value in ring} == {float}
