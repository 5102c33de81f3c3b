"""Boxes, polygons and masks; numbers by hand or by pycocotools, numpy and fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.geometry import Coords
from dataforge.records import Box, Instance, Mask, Polygons, Ring

coordinates = st.floats(-1e6, 1e6).map(lambda value: round(value * 8) / 8)  # exact in binary
boxes = st.tuples(coordinates, coordinates, coordinates, coordinates)
conventions: st.SearchStrategy[Coords] = st.sampled_from(["voc", "mmdet", "zero"])
grid_points = st.tuples(st.integers(-4, 12), st.integers(-4, 12))


def flat(points: list[tuple[int, int]]) -> Ring:
    return tuple(float(value) for point in points for value in point)


def pixels(mask: Mask) -> np.ndarray:
    """The mask as pycocotools unpacks it."""
    array: np.ndarray = coco_mask.decode(
        {"size": list(mask.size_hw), "counts": mask.counts.encode()}
    )
    return array


# Conventions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coords", "edges"),
    [("voc", (9, 11, 30, 40)), ("mmdet", (9, 11, 29, 39)), ("zero", (10, 12, 30, 40))],
)
def test_to_edges_follows_the_table_of_formats_md(coords: Coords, edges: Box) -> None:
    assert geometry.to_edges((10, 12, 30, 40), coords) == edges


def test_the_first_pixel_is_one_square_pixel_under_voc() -> None:
    # xmin = xmax = 1 marks the single top-left pixel.
    assert geometry.to_edges((1, 1, 1, 1), "voc") == (0, 0, 1, 1)


# Boxes and rings -------------------------------------------------------------------------------


@given(boxes)
def test_ordered_is_ordered_and_keeps_the_area(box: Box) -> None:
    x0, y0, x1, y1 = geometry.ordered(box)
    assert x0 <= x1
    assert y0 <= y1
    assert (x1 - x0) * (y1 - y0) == geometry.box_area(box)
    assert sorted((x0, x1)) == sorted((box[0], box[2]))


def test_box_corners_go_round_the_box() -> None:
    assert geometry.box_corners((1, 2, 5, 9)) == (1, 2, 5, 2, 5, 9, 1, 9)


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


# Clipping --------------------------------------------------------------------------------------


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


def test_clip_ring_of_what_is_outside_is_empty() -> None:
    assert geometry.clip_ring((70, 0, 80, 0, 80, 10), 64, 48) == ()


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


# Crossings -------------------------------------------------------------------------------------


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


def test_a_bow_tie_is_counted_in_pixels() -> None:
    # Two triangles of 10 * 20 / 2 each; pycocotools' own count is the judge.
    ring = (10.0, 10.0, 30.0, 30.0, 30.0, 10.0, 10.0, 30.0)
    counted = coco_mask.area(coco_mask.frPyObjects([list(ring)], 48, 64))[0]
    assert geometry.outline_area(ring, 64, 48) == (counted, True)
    assert abs(counted - 200) <= 2 * 20 * math.sqrt(2)  # within a pixel along both diagonals


def test_a_simple_outline_has_its_exact_area() -> None:
    assert geometry.outline_area((0.0, 0.0, 2.5, 0.0, 2.5, 2.0, 0.0, 2.0), 64, 48) == (5.0, False)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (None, 6.0),
        (Polygons(((0.0, 0.0, 2.0, 0.0, 2.0, 2.0), (5.0, 5.0, 9.0, 5.0, 9.0, 9.0))), 10.0),
        (geometry.rasterise([(0.0, 0.0, 4.0, 0.0, 4.0, 5.0, 0.0, 5.0)], 64, 48), 20.0),
    ],
)
def test_an_area_of_its_own(shape: Polygons | Mask | None, area: float) -> None:
    """Of the box, of all rings, of the pixels; rounding does not make it another."""
    box = (1.0, 1.0, 3.0, 4.0)
    assert geometry.shape_area(shape, box, 64, 48) == area
    for stated, own in ((area, False), (area * (1 + 1e-7), False), (area + 0.001, True)):
        instance = Instance(label="cat", box=box, area=stated, shape=shape)
        assert geometry.has_own_area(instance, 64, 48) is own


# Circles and strokes ---------------------------------------------------------------------------


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


# Masks -----------------------------------------------------------------------------------------


def test_mask_from_crop_places_the_crop() -> None:
    crop = np.array([[1, 1, 0], [1, 0, 1]], dtype=bool)
    mask = geometry.mask_from_crop(crop, left=2, top=1, size_hw=(5, 8))
    wanted = np.zeros((5, 8), dtype=int)
    wanted[1, 2:4] = 1
    wanted[2, [2, 4]] = 1
    assert np.array_equal(pixels(mask), wanted)
    assert geometry.mask_area(mask) == 4
    assert geometry.mask_box(mask) == (2, 1, 5, 3)  # last pixel is column 4, row 2


@pytest.mark.parametrize(
    ("left", "top", "kept"),
    [
        (-1, -1, 2 * 3),  # a row and a column are cut off
        (6, 3, 2 * 2),
        (-2, 4, 1 * 2),
        (-4, 0, 0),  # beside the image
        (8, 0, 0),
    ],
)
def test_mask_from_crop_cuts_off_what_overhangs(left: int, top: int, kept: int) -> None:
    mask = geometry.mask_from_crop(np.ones((3, 4), dtype=bool), left, top, size_hw=(5, 8))
    assert mask.size_hw == (5, 8)
    assert pixels(mask).sum() == kept


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=4, max_size=4))
def test_mask_area_and_box_agree_with_numpy(rows: list[list[bool]]) -> None:
    array = np.array(rows)
    assume(array.any())
    mask = geometry.mask_from_crop(array, 0, 0, (4, 6))
    ys, xs = np.nonzero(array)
    assert np.array_equal(pixels(mask), array)
    assert geometry.mask_area(mask) == array.sum()
    assert geometry.mask_box(mask) == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_merge_masks_is_the_union() -> None:
    left, right = np.zeros((2, 4, 6), dtype=bool)
    left[1, :4] = True
    right[1, 2:] = True
    masks = [geometry.mask_from_crop(array, 0, 0, (4, 6)) for array in (left, right)]
    assert np.array_equal(pixels(geometry.merge_masks(masks)), left | right)


def test_rasterise_of_overlapping_rings_is_their_union() -> None:
    one = (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)
    two = (2.0, 0.0, 6.0, 0.0, 6.0, 4.0, 2.0, 4.0)
    assert geometry.mask_area(geometry.rasterise([one, two], 8, 8)) == 24  # 6 * 4


def test_rasterise_survives_rings_far_outside() -> None:
    far = (-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9)
    assert geometry.mask_area(geometry.rasterise([far], 8, 6)) == 48
    outside = (1e9, 0.0, 2e9, 0.0, 2e9, 5.0)
    empty = geometry.rasterise([outside], 8, 6)
    assert geometry.mask_area(empty) == 0
    assert pixels(empty).shape == (6, 8)


# Outlines of masks, and one ring of several -------------------------------------------------------


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


def drawn(*rows: str) -> Mask:
    """A mask drawn in text, '#' inside, on an image of its size."""
    pixels = np.array([[letter == "#" for letter in row] for row in rows])
    return geometry.mask_from_crop(pixels, 0, 0, pixels.shape)


def test_the_outline_of_a_mask_goes_along_its_pixels() -> None:
    assert geometry.mask_rings(drawn("....", ".##.", ".#..")) == (
        (1, 1, 3, 1, 3, 2, 2, 2, 2, 3, 1, 3),
    )


def test_a_hole_goes_the_other_way_round_and_corners_do_not_join() -> None:
    assert geometry.mask_rings(drawn("###", "#.#", "###")) == (
        (0, 0, 3, 0, 3, 3, 0, 3),
        (1, 1, 1, 2, 2, 2, 2, 1),
    )
    assert geometry.mask_rings(drawn("#.", ".#")) == (
        (0, 0, 1, 0, 1, 1, 0, 1),
        (1, 1, 2, 1, 2, 2, 1, 2),
    )
    assert geometry.mask_rings(drawn("..")) == ()


def test_joined_takes_the_shortest_bridge() -> None:
    square, far, near = (0, 0, 2, 0, 2, 2, 0, 2), (9, 0, 10, 0, 10, 1), (4, 2, 5, 2, 5, 3)
    assert geometry.joined([square]) == square
    # from (2, 2) to (4, 2), and from (5, 2) on to (9, 0)
    assert geometry.joined([square, far, near]) == (
        0, 0, 2, 0, 2, 2, 4, 2, 5, 2, 9, 0, 10, 0, 10, 1, 9, 0, 5, 2, 5, 3, 4, 2, 2, 2, 0, 2,
    )  # fmt: skip


# Runs of a mask --------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=8))
def test_runs_are_those_that_pycocotools_packed(runs: list[int]) -> None:
    packed = coco_mask.frPyObjects({"size": [sum(runs), 1], "counts": runs}, sum(runs), 1)
    assert geometry.rle_runs(packed["counts"].decode()) == runs
    assert geometry.mask_from_runs(runs, (sum(runs), 1)).counts == packed["counts"].decode()


@pytest.mark.parametrize("counts", ["P", "\x7f", " ", "é", "O", "1P"])
def test_what_is_no_run(counts: str) -> None:
    assert geometry.rle_runs(counts) is None


def test_a_crop_holds_all_pixels_of_a_mask() -> None:
    found = geometry.mask_crop(drawn(".....", "..##.", "..#..", "....."))
    assert found is not None
    crop, corners = found
    assert crop.tolist() == [[True, True], [True, False]]
    assert corners == (2, 1, 3, 2)
    assert geometry.mask_crop(drawn("..", "..")) is None
