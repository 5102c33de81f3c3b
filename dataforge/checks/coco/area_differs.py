"""An annotation whose area is not that of its polygons, mask or box."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base
from dataforge.findings import Edit, Finding, Set
from dataforge.formats.coco import is_outline_read
from dataforge.records import Image, Instance, Polygons


class Check(base.Check):
    """Compares stated and measured areas; measures exactly, at a cost, only where in doubt."""

    formats = ("coco",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance, actual in _differing(image):
            of = "box" if instance.shape is None else "segmentation"
            message = (
                f"the area of {instance.label!r} is {instance.area:g}, that of its {of} {actual:g}"
            )
            if instance.shape and abs(instance.area - geometry.box_area(instance.box)) <= 1:
                message += "; it is the area of its box"
            edits = (Edit(instance.place, Set({"area": actual})),)
            yield self.finding(
                instance.place, message, "correct the area, or remove it", edits=edits
            )


def _differing(image: Image) -> Iterator[tuple[Instance, float]]:
    """(instance, its measured area) of each instance that states another one."""
    for instance in image.instances:
        if instance.extra and not is_outline_read(instance):
            continue
        if isinstance(instance.shape, Polygons):
            quick = sum(map(geometry.ring_area, instance.shape.rings))
            if _agree(instance, quick):
                continue
        size = image.width, image.height
        actual, is_united = _measured(instance, size)
        if _agree(instance, actual):
            continue
        if is_united or not _agree(instance, _united(instance, size)):
            yield instance, actual


def _measured(instance: Instance, size: tuple[int, int]) -> tuple[float, bool]:
    """(the area, whether `_united` is the same: an outline that crosses itself is costly)."""
    rings = instance.shape.rings if isinstance(instance.shape, Polygons) else ()
    if len(rings) == 1:
        return geometry.outline_area(rings[0], *size)
    return geometry.shape_area(instance.shape, instance.box, *size), False


def _agree(instance: Instance, area: float) -> bool:
    x0, y0, x1, y1 = instance.box
    return abs(instance.area - area) <= max(0.05 * area, x1 - x0 + y1 - y0 + 1)


def _united(instance: Instance, size: tuple[int, int]) -> float:
    """The area in pixels of polygons that may overlap each other or extend beyond the image."""
    if not isinstance(instance.shape, Polygons):
        return geometry.box_area(geometry.clip_box(instance.box, *size))
    return geometry.united_area(instance.shape.rings, *size)
