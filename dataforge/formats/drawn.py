"""What shapes that are drawn by a few numbers become: ellipses, turned boxes, polygons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from dataforge import geometry
from dataforge.io import MAX_COORDINATE
from dataforge.records import Box, Instance, Mask, Polygons, Ring

_ROOM = 64 * 2**20
_NUMBER_BYTES = 32


class DrawnError(Exception):
    """A shape that cannot become an object; the message says why."""


class Drawn(NamedTuple):
    """What a shape becomes.

    Attributes:
        box: (x0, y0, x1, y1), pixels, edges.
        area: px².
        outline: None if the shape is a box.
        crosses: whether the outline crosses itself, other than to enclose a hole.
    """

    box: Box
    area: float
    outline: Polygons | Mask | None = None
    crosses: bool = False


class Room:
    """Memory that the outlines of an image may take: an ellipse is drawn by four numbers.

    Args:
        size: of the text that draws them, bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = _ROOM + _NUMBER_BYTES * size

    def take(self, corners: int) -> None:
        """Before an outline is made.

        Raises:
            DrawnError: there is not enough left.
        """
        self._left -= 2 * corners * _NUMBER_BYTES
        if self._left < 0:
            raise DrawnError("the outlines of the image, with this one, are too large")


def checked(numbers: Sequence[float]) -> Sequence[float]:
    """The same numbers.

    Raises:
        DrawnError: one of them is no coordinate.
    """
    for value in numbers:
        if not math.isfinite(value):
            raise DrawnError("a number is not finite")
        if not -MAX_COORDINATE <= value <= MAX_COORDINATE:
            raise DrawnError("a number is millions of pixels away")
    return numbers


def box(x: float, y: float, width: float, height: float) -> Drawn:
    """A box by its corner and size; negative sizes leave its edges in the order as written."""
    checked((x, y, width, height, x + width, y + height))
    edges = (x, y, x + width, y + height)
    return Drawn(edges, geometry.box_area(geometry.ordered(edges)))


def polygon(ring: Ring, size: tuple[int, int]) -> Drawn:
    """A polygon.

    Args:
        ring: its corners, pixels.
        size: (width, height) of the image, pixels.

    Raises:
        DrawnError: it has too few corners, or one is no coordinate.
    """
    if len(ring) < 6:
        raise DrawnError(f"a polygon needs at least 3 points, has {len(ring) // 2}")
    checked(ring)
    area, crosses = _area(ring, size)
    return Drawn(geometry.ring_box(ring), area, Polygons((ring,)), crosses)


def mask(counts: str, height: int, width: int) -> Drawn:
    """A mask by COCO's compressed counts.

    Raises:
        DrawnError: they are not of so many pixels.
    """
    pixels = height * width
    if height <= 0 or width <= 0 or pixels > geometry.MAX_MASK_PIXELS:
        raise DrawnError(f"a mask of {height} x {width} pixels")
    runs = geometry.rle_runs(counts)
    if not runs or min(runs) < 0 or sum(runs) != pixels:
        raise DrawnError(f"expected runs of {height} x {width} = {pixels} pixels")
    found = geometry.mask_from_runs(geometry.without_empty(runs), (height, width))
    area = geometry.mask_area(found)
    if not area:
        raise DrawnError("a mask without pixels")
    return Drawn(geometry.mask_box(found), area, found)


def _area(ring: Ring, size: tuple[int, int]) -> tuple[float, bool]:
    """(area of a ring, px²; whether it crosses itself, other than to enclose a hole)."""
    area, crossing = geometry.outline_area(ring, *size)
    if not crossing or not geometry.is_bridged(ring):
        return area, crossing
    # It was counted in pixels, which is right to a pixel for each step along the outline.
    exact = geometry.ring_area(ring)
    return (exact if abs(exact - area) <= geometry.outline_steps(ring) else area), False


def has_own_area(instance: Instance, size: tuple[int, int]) -> bool:
    """Whether an object's area is not that which its outline, mask or box is read with.

    Args:
        instance: the object.
        size: (width, height) of its image, pixels.
    """
    if not isinstance(instance.shape, Polygons):
        return geometry.has_own_area(instance, *size)
    area = math.fsum(_area(ring, size)[0] for ring in instance.shape.rings)
    return not math.isclose(instance.area, area, rel_tol=1e-6)


def ellipse(cx: float, cy: float, rx: float, ry: float, angle: float, room: Room) -> Drawn:
    """An ellipse; box and area are exact, and the outline is within 0.5 px of it.

    Args:
        cx, cy: centre.
        rx, ry: half axes.
        angle: of the first axis, radians clockwise on the screen.
        room: for its outline.

    Raises:
        DrawnError: it has no area, or is too large.
    """
    checked((cx, cy, rx, ry, cx - rx, cy - ry, cx + rx, cy + ry))
    rx, ry = abs(rx), abs(ry)
    if not rx or not ry or not math.isfinite(angle):
        raise DrawnError("an ellipse without area")
    room.take(geometry.circle_corners(max(rx, ry)))
    if rx == ry:
        edges = (cx - rx, cy - rx, cx + rx, cy + rx)
        return Drawn(edges, math.pi * rx**2, Polygons((geometry.circle_ring(cx, cy, rx),)))
    cos, sin = math.cos(angle), math.sin(angle)
    if angle == 0:
        cos, sin = 1.0, 0.0
    ring: list[float] = []
    scale = max(rx, ry)
    for x, y in geometry.points_of(geometry.circle_ring(0, 0, scale)):
        dx, dy = x / scale * rx, y / scale * ry
        ring += (cx + dx * cos - dy * sin, cy + dx * sin + dy * cos)
    half = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
    edges = (cx - half[0], cy - half[1], cx + half[0], cy + half[1])
    return Drawn(edges, math.pi * rx * ry, Polygons((tuple(ring),)))


def circle_through(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """(centre x, centre y, radius) of the circle through three points.

    Raises:
        DrawnError: they lie on a line.
    """
    (ax, ay), (bx, by), (cx, cy) = points
    bx, by, cx, cy = bx - ax, by - ay, cx - ax, cy - ay
    d = 2 * (bx * cy - by * cx)
    if not d:
        raise DrawnError("the three points of a circle lie on a line")
    b, c = bx * bx + by * by, cx * cx + cy * cy
    ux, uy = (cy * b - by * c) / d, (bx * c - cx * b) / d
    return ax + ux, ay + uy, math.hypot(ux, uy)
