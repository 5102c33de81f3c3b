"""Areas, px²."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dataforge.geometry.boxes import box_area
from dataforge.geometry.masks import mask_area, rasterise
from dataforge.geometry.rings import clip_ring, is_simple, ring_area
from dataforge.records import Box, Instance, Mask, Polygons, Ring

_MOST_STEPS = 2**21
"""Maximum outline length, px, for counting its area in pixels, which takes 100 bytes per px."""


def outline_area(ring: Ring, width: int, height: int) -> tuple[float, bool]:
    """(area in px², whether the ring crosses itself); if it does, the area is counted in pixels.

    The shoelace area of a bow-tie is 0, and training drops objects without area.
    """
    if is_simple(ring):
        return ring_area(ring), False
    inside = clip_ring(ring, width, height)
    steps = sum(map(max, *(_steps(inside[axis::2]) for axis in (0, 1)))) if inside else 0.0
    scale = min(1.0, _MOST_STEPS / (steps or 1.0))
    if scale == 1:
        return mask_area(rasterise([ring], width, height)), True
    small = rasterise([tuple(value * scale for value in inside)], *_scaled(width, height, scale))
    return mask_area(small) / scale**2, True


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


def _steps(values: Sequence[float]) -> list[float]:
    return [abs(b - a) for a, b in zip((*values[-1:], *values[:-1]), values, strict=True)]


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return math.ceil(width * scale), math.ceil(height * scale)
