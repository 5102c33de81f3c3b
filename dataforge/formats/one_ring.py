"""Joins several rings into one, for formats whose objects have one."""

from __future__ import annotations

from collections.abc import Sequence

from dataforge import geometry
from dataforge.records import Mask, Polygons, Ring


def rings_of(shape: Polygons | Mask | None) -> list[Ring]:
    """The rings of a shape that enclose an area.

    Raises:
        TooLargeError: a mask has too many corners.
    """
    if isinstance(shape, Mask):
        return [*geometry.mask_rings(shape)]
    if isinstance(shape, Polygons):
        return [ring for ring in shape.rings if len(ring) >= 6]
    return []


def joined(rings: Sequence[Ring], width: int, height: int, *, are_polygons: bool) -> Ring:
    """One ring that encloses the area of all rings; empty if there is none.

    Args:
        rings: inside the image.
        width, height: of the image, pixels.
        are_polygons: whether they may overlap and have either direction, unlike those of a mask.

    Raises:
        TooLargeError: there are too many corners.
    """
    if are_polygons and len(rings) > 1:
        if _overlap(rings, width, height):  # joined, they would cancel out where two overlap
            rings = geometry.mask_rings(geometry.rasterise(rings, width, height))
        else:
            rings = [_clockwise(ring) for ring in rings]
    if len(rings) > 1:
        return geometry.joined(rings)
    return rings[0] if rings else ()


def _overlap(rings: Sequence[Ring], width: int, height: int) -> bool:
    """Whether any pixel is in two of the rings."""
    if not geometry.any_overlap([geometry.ring_box(ring) for ring in rings]):
        return False
    single = sum(geometry.mask_area(geometry.rasterise([ring], width, height)) for ring in rings)
    return single > geometry.mask_area(geometry.rasterise(rings, width, height))


def _clockwise(ring: Ring) -> Ring:
    """The ring in the direction that gives it a positive signed area."""
    xs, ys = ring[0::2], ring[1::2]
    signed = sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))
    points = geometry.points_of(ring)
    return ring if signed >= 0 else tuple(value for point in points[::-1] for value in point)
