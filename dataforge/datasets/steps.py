"""Steps of a survey that change an image: they skip or clip instances."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Finding
from dataforge.io import MAX_COORDINATE
from dataforge.records import Image, Instance, Keypoints, Mask, Polygons

_LARGE = float(2**60)
"""Larger than any area, px², and exact."""


def is_usual(image: Image) -> bool:
    """Whether each object has an area, and a box of some size inside the image: most images."""
    width, height = image.width, image.height
    for instance in image.instances:
        x0, y0, x1, y1 = instance.box
        # NaN compares as false.
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height and 0 < instance.area < _LARGE):
            return False
    return width <= MAX_COORDINATE and height <= MAX_COORDINATE


class Measurable:
    """Skips the instances whose numbers are beyond any image."""

    def image(self, image: Image) -> Iterator[Image | Finding]:
        if is_usual(image):
            yield image
            return
        kept = []
        for instance in image.instances:
            x0, y0, x1, y1 = instance.box
            # NaN compares as false.
            low, high = min(x0, y0, x1, y1), max(x0, y0, x1, y1)
            inside = -MAX_COORDINATE <= low <= high <= MAX_COORDINATE
            if inside and math.isfinite(instance.area) and math.isfinite(x0 + y0 + x1 + y1):
                kept.append(instance)
                continue
            yield code("coordinates-too-large").at(
                instance.place,
                f"{instance.label!r} has coordinates beyond any image: skipped",
                "redraw or delete it",
                lost=instance.parts,
            )
        if len(kept) < len(image.instances):
            image = msgspec.structs.replace(image, instances=tuple(kept))
        yield image


class Clipped:
    """Clips instances to their image, and skips those completely outside."""

    def image(self, image: Image) -> Iterator[Image | Finding]:
        kept = []
        for instance in image.instances:
            clipped = clip_instance(instance, image.width, image.height)
            if clipped is not None:
                kept.append(clipped)
                continue
            yield code("clipped-away").at(
                instance.place,
                f"{instance.label!r} has no area inside the image: skipped by --clip",
                lost=instance.parts,
            )
        yield msgspec.structs.replace(image, instances=tuple(kept))


def clip_instance(instance: Instance, width: int, height: int) -> Instance | None:
    """The part of an instance inside an image of this size, pixels; None if there is none."""
    box = geometry.clip_box(instance.box, width, height)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    if instance.keypoints:
        points = _points_inside(instance.keypoints, width, height)
        if points != instance.keypoints:
            instance = msgspec.structs.replace(instance, keypoints=points)
    if box == instance.box or isinstance(instance.shape, Mask):
        return instance
    if instance.shape is None:
        return msgspec.structs.replace(instance, box=box, area=geometry.box_area(box))
    rings = (geometry.clip_ring(ring, width, height) for ring in instance.shape.rings)
    shape = Polygons(tuple(ring for ring in rings if len(ring) >= 6))
    # The clipped part may have had the extreme points of the polygon: recompute its box.
    box = geometry.ring_box(*shape.rings) if shape.rings else (0.0, 0.0, 0.0, 0.0)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    area = sum(geometry.outline_area(ring, width, height)[0] for ring in shape.rings)
    return msgspec.structs.replace(instance, box=box, shape=shape, area=area)


def _points_inside(points: Keypoints, width: int, height: int) -> Keypoints:
    """Keypoints, of which those outside the image are not labelled any more."""
    kept: list[float] = []
    for at in range(0, len(points), 3):
        x, y, _ = point = points[at : at + 3]
        kept += point if 0 <= x <= width and 0 <= y <= height else (0.0, 0.0, 0.0)
    return tuple(kept)
