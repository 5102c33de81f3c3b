"""The corners of a turned box, for formats that store these alone."""

from __future__ import annotations

from dataforge import geometry
from dataforge.records import Instance, Mask, Polygons, Ring


def corners_of(instance: Instance) -> tuple[Ring, bool]:
    """(four corners, whether these are its outline).

    Else they are those of its box, or of the smallest turned box around its outline.

    Raises:
        TooLargeError: a mask has too many corners.
    """
    shape = instance.shape
    if isinstance(shape, Polygons) and len(shape.rings) == 1 and len(shape.rings[0]) == 8:
        return shape.rings[0], True
    rings = geometry.mask_rings(shape) if isinstance(shape, Mask) else ()
    if isinstance(shape, Polygons):
        rings = shape.rings
    points = [point for ring in rings for point in geometry.points_of(ring)]
    return geometry.smallest_box(points) or geometry.box_corners(instance.box), False
