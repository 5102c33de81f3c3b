"""The element of an instance: its tag, and its shape as XML attributes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from dataforge import geometry
from dataforge.formats.cvat.shapes import CORNERS, ellipse_ring
from dataforge.formats.json_spans import number
from dataforge.records import Box, Instance, Mask, Polygons, Ring

Made: TypeAlias = tuple[str, dict[str, str], list[str]]
"""(tag, attributes, what is not carried: keys of the writer's losses)."""


def element_of(instance: Instance, size: tuple[int, int]) -> Made:
    """The element of an instance in an image of (width, height)."""
    shape = instance.shape
    rings = [ring for ring in shape.rings if len(ring) >= 6] if isinstance(shape, Polygons) else []
    try:
        if isinstance(shape, Mask):
            return _mask(instance, shape, [])
        if len(rings) > 1:
            return _mask(instance, geometry.rasterise(rings, *size), ["joined"])
    except geometry.TooLargeError:
        return _box(instance, ["large"])
    if not rings:
        return _box(instance, ["empty"] if shape is not None else [])
    return _as_read(instance, rings[0]) or _polygon(instance, rings[0])


def _numbers(names: Sequence[str], values: Iterable[float]) -> dict[str, str]:
    return {name: number(value) for name, value in zip(names, values, strict=True)}


def _box(instance: Instance, losses: list[str]) -> Made:
    return "box", _numbers(CORNERS, instance.box), losses


def _polygon(instance: Instance, ring: Ring) -> Made:
    pairs = (f"{number(x)},{number(y)}" for x, y in geometry.points_of(ring))
    losses = [] if geometry.ring_box(ring) == instance.box else ["box"]
    return "polygon", {"points": ";".join(pairs)}, losses


def _as_read(instance: Instance, ring: Ring) -> Made | None:
    """A turned box or an ellipse, if the instance was read as one and is as it was."""
    own = instance.extra.get("cvat", {})
    angle = own.get("rotation")
    if not isinstance(angle, int | float):
        return None
    turn = {"rotation": number(angle)} if angle else {}
    box, ellipse = _four(own.get("box")), _four(own.get("ellipse"))
    if box and geometry.turned(box, angle) == ring:
        return "box", _numbers(CORNERS, box) | turn, []
    if ellipse and min(ellipse[2:]) > 0 and ellipse_ring(ellipse, angle) == ring:
        return "ellipse", _numbers(("cx", "cy", "rx", "ry"), ellipse) | turn, []
    return None


def _four(values: object) -> Box | None:
    """Four numbers, if it is that."""
    try:
        a, b, c, d = map(float, values)  # type: ignore[call-overload]
        return a, b, c, d
    except (TypeError, ValueError):
        return None


def _mask(instance: Instance, mask: Mask, losses: list[str]) -> Made:
    """A mask, whose runs go along the rows of its own box.

    Raises:
        TooLargeError: it has too many pixels.
    """
    import numpy as np

    found = geometry.mask_crop(mask)
    if found is None:
        return _box(instance, [*losses, "empty"])
    pixels, (x0, y0, _, _) = found
    if not losses and geometry.mask_box(mask) != instance.box:
        losses = [*losses, "box"]
    height, width = pixels.shape
    flat = pixels.ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate(([0], ends, [flat.size]))).tolist()
    if flat[0]:
        runs = [0, *runs]
    corner = {"left": str(x0), "top": str(y0), "width": str(width), "height": str(height)}
    return "mask", {"rle": ", ".join(map(str, runs))} | corner, losses
