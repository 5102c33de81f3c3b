"""An annotation whose box does not match its polygons."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image, Polygons

_LEAST = 0.5
_SLACK = 2.0


class Check(base.Check):
    """Compares the two boxes."""

    formats = ("coco",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if instance.iscrowd or not isinstance(instance.shape, Polygons):
                continue
            around = geometry.ring_box(*instance.shape.rings)
            apart = max(abs(a - b) for a, b in zip(instance.box, around, strict=True))
            if apart > _SLACK and geometry.iou(instance.box, around) < _LEAST:
                box, bounds = (
                    ", ".join(f"{value:g}" for value in some) for some in (instance.box, around)
                )
                message = (
                    f"the box of {instance.label!r} is ({box}), that of its polygons ({bounds})"
                )
                remedy = "find out which of the two is correct, and regenerate the other"
                yield self.finding(instance.place, message, remedy)
