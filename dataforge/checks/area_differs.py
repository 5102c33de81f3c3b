"""An annotation whose area is not that of its outline, mask or box.

What: COCO's ``area`` differs from the area of the polygons, of the mask's pixels, or, where there
is neither, of the box, by more than 5 % and more than width + height + 1 pixels of its box, which
is what counting pixels in place of measuring can make.

Why: evaluation sorts objects into small, medium and large by it, so that AP-small and the others
are of the wrong objects; filters by area drop the wrong ones; mmdetection drops an area of 0.

Example: a polygon of 400 px² with ``"area": 900``, which is that of its box.

Fix: --fix writes the area of what is there. It is safe: no outline changes, and the file then says
of itself what everybody measures. Ignore the finding, with a reason, where the outline is but a
sketch of what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text, number, path_of
from dataforge.records import Finding, Image, Instance, Polygons

SEVERITY = "warning"
FIX = "safe"
FORMATS = ("coco",)


class Check(_base.Check):
    """Compares what is stated with what is there, the exact and costly way only where in doubt."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance, actual in _differing(image):
            of = "box" if instance.shape is None else "outline or mask"
            message = (
                f"the area of {instance.label!r} is {instance.area:g}, its {of} has {actual:g}"
            )
            if instance.shape and abs(instance.area - geometry.box_area(instance.box)) <= 1:
                message += "; what is stated is that of its box"
            yield self.finding_on(image, instance, message, "mend it, or leave area out")


def _differing(image: Image) -> Iterator[tuple[Instance, float]]:
    """(the instance, the area that it has) of each that states another one."""
    for instance in image.instances:
        if isinstance(instance.shape, Polygons):
            quick = sum(map(geometry.ring_area, instance.shape.rings))
            if _agree(instance, quick):
                continue
        size = image.width, image.height
        actual = geometry.shape_area(instance.shape, instance.box, *size)
        if not _agree(instance, actual) and not _agree(instance, _united(instance, size)):
            yield instance, actual


def _agree(instance: Instance, area: float) -> bool:
    x0, y0, x1, y1 = instance.box
    return abs(instance.area - area) <= max(0.05 * area, x1 - x0 + y1 - y0 + 1)


def _united(instance: Instance, size: tuple[int, int]) -> float:
    """The area in pixels of polygons that may lie over each other, or reach out of the image."""
    if not isinstance(instance.shape, Polygons):
        return geometry.box_area(geometry.clip_box(instance.box, *size))
    return geometry.mask_area(geometry.rasterise(instance.shape.rings, *size))


class Fix(_fix.Fix):
    """Writes the area of the outline, the mask or the box."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        for instance, actual in _differing(image):
            path = path_of(instance.where)
            if text.json.span((*path, "area")):
                like = text.json.raw((*path, "area"))
                yield text.edit(text.json.replaced((*path, "area"), number(actual, like)))
