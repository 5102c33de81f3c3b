"""An object that covers no area.

What: the width, the height or the area of an object is zero, or less.

Why: mmdetection and torchvision leave such objects out of training without a word, and some
losses turn to NaN on those that are left in.

Example: a rectangle that was begun and ended at one point::

    {"label": "cat", "shape_type": "rectangle", "points": [[10, 12], [10, 12]]}

Fix: redraw the object, or drop it: --fix --unsafe-fixes drops it, unless its box has an area and
COCO's ``area`` alone has none. It is unsafe, as something was meant to be marked there.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text
from dataforge.records import Finding, Image, Instance

SEVERITY = "warning"
FIX = "unsafe"


class Check(_base.Check):
    """Looks at each object."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if covers_nothing(instance):
                message = f"{instance.label!r} covers no area: trainers drop it"
                yield self.finding_on(image, instance, message, "redraw or drop it")


def covers_nothing(instance: Instance) -> bool:
    """Whether an object has no width, no height or no area."""
    x0, y0, x1, y1 = instance.box
    return instance.area <= 0 or x1 - x0 <= 0 or y1 - y0 <= 0


class Fix(_fix.Fix):
    """Drops objects whose geometry covers nothing."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        flat = [
            position
            for position, instance in enumerate(image.instances)
            if covers_nothing(instance) and not (self.data.format == "coco" and _has_area(instance))
        ]
        yield from _fix.dropped(self.data, text, image, flat)


def _has_area(instance: Instance) -> bool:
    return instance.box[0] < instance.box[2] and instance.box[1] < instance.box[3]
