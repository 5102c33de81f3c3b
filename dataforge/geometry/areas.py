"""Areas, px²."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dataforge.geometry.boxes import box_area
from dataforge.geometry.masks import MAX_MASK_PIXELS, mask_area, rasterise
from dataforge.geometry.rings import is_simple, outline_steps, ring_area, rings_inside
from dataforge.records import Box, Instance, Mask, Polygons, Ring

_MOST_STEPS = 2**17
"""Maximum outline length, px, for counting an area in pixels; a longer one is scaled down."""


def outline_area(ring: Ring, width: int, height: int) -> tuple[float, bool]:
    """(area in px², whether the ring crosses itself); if it does, the area is counted in pixels.

    The shoelace area of a bow-tie is 0, and training drops objects without area.
    """
    if is_simple(ring):
        return ring_area(ring), False
    return united_area([ring], width, height), True


def united_area(rings: Sequence[Ring], width: int, height: int) -> float:
    """Area of the union of rings inside the image, px², counted in pixels.

    These are larger than those of the image where the outlines are very long.
    """
    inside = rings_inside(rings, width, height)
    steps = sum(map(outline_steps, inside)) or 1.0
    scale = min(0.5 if width * height > MAX_MASK_PIXELS else 1.0, _MOST_STEPS / steps)
    if scale == 1:
        return mask_area(rasterise(inside, width, height))
    small = [tuple(value * scale for value in ring) for ring in inside]
    return mask_area(rasterise(small, *_scaled(width, height, scale))) / scale**2


def shape_area(shape: Polygons | Mask | None, box: Box, width: int, height: int) -> float:
    """Area in px² of an outline or mask, or of the bounding box if there is none.

    Args:
        shape: outline or mask; the areas of an outline's rings are summed.
        box: (x0, y0, x1, y1).
        width, height: of the image, pixels.
    """
    if isinstance(shape, Mask):
        return mask_area(shape)
    if shape is None:
        return box_area(box)
    return math.fsum(outline_area(ring, width, height)[0] for ring in shape.rings)


def has_own_area(instance: Instance, width: int, height: int) -> bool:
    """Whether an instance's area differs from that of its outline, mask or box (tolerance 1e-6).

    Args:
        instance: the instance.
        width, height: of the image, pixels.
    """
    area = shape_area(instance.shape, instance.box, width, height)
    return not math.isclose(instance.area, area, rel_tol=1e-6)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return math.ceil(width * scale), math.ceil(height * scale)
