"""An annotation whose box is not that of its outline.

What: the ``bbox`` of a COCO annotation and the box around its polygons have less than half of their
area in common (IoU), and are more than 2 pixels apart. Crowds are left out, whose boxes are rough.

Why: detectors learn the box, and masks are learnt inside of it. Where the two disagree, one of them
is wrong for all that use it: a bbox of corners where COCO has x, y, width and height, a bbox from 0
to 1, or outlines of an image before it was resized.

Example: ``"bbox": [10, 10, 30, 30]`` with an outline from (10, 10) to (30, 30).

Fix: find out which of the two is right, and write the other one anew from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base as _base
from dataforge.records import Finding, Image, Polygons

SEVERITY = "warning"
FORMATS = ("coco",)

_LEAST = 0.5
_SLACK = 2.0


class Check(_base.Check):
    """Compares the two."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if instance.iscrowd or not isinstance(instance.shape, Polygons):
                continue
            around = geometry.ring_box(*instance.shape.rings)
            apart = max(abs(a - b) for a, b in zip(instance.box, around, strict=True))
            if apart > _SLACK and geometry.iou(instance.box, around) < _LEAST:
                box, outline = (
                    ", ".join(f"{value:g}" for value in some) for some in (instance.box, around)
                )
                message = f"the box of {instance.label!r} is ({box}), its outline's is ({outline})"
                remedy = "find out which of the two is right, and write the other anew"
                yield self.finding_on(image, instance, message, remedy)
