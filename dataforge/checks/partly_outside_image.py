"""An object that reaches beyond its image.

What: a box lies partly inside its image, and ends more than one pixel outside. One pixel is what
counting pixels in place of edges can make.

Why: what is outside is learnt by nobody: mmdetection cuts it off when it resizes, others do not,
and the size of the box is then a guess. Many of them tell of a wrong size, or of the wrong image.

Example: a box from x = 600 to 700, on an image that is 640 pixels wide.

Fix: --fix --unsafe-fixes cuts boxes and outlines to the image, and COCO's ``area`` with them;
circles, masks and turned rectangles stay. It is unsafe, as it may be the size that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base as _base
from dataforge.checks import clip as _clip
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text
from dataforge.checks.zero_area import covers_nothing
from dataforge.records import Finding, Image, Instance

SEVERITY = "note"
FIX = "unsafe"

SLACK = 1.0
"""Pixels beyond the image that are not told."""


class Check(_base.Check):
    """Looks at each object."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if _reaches_out(instance, image):
                x0, y0, x1, y1 = instance.box
                beyond = max(-x0, -y0, x1 - image.width, y1 - image.height)
                message = f"{instance.label!r} ends {beyond:.0f} px outside the image"
                yield self.finding_on(image, instance, message, "redraw it, or cut it off")


def _reaches_out(instance: Instance, image: Image) -> bool:
    x0, y0, x1, y1 = instance.box
    beyond = max(-x0, -y0, x1 - image.width, y1 - image.height)
    inside = geometry.clip_box(instance.box, image.width, image.height)
    return beyond > SLACK and geometry.box_area(inside) > 0 and not covers_nothing(instance)


class Fix(_fix.Fix):
    """Cuts them to the image."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        found = [n for n, instance in enumerate(image.instances) if _reaches_out(instance, image)]
        yield from _clip.clipped(self.data.format, text, image, found)
