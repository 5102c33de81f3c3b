"""An object that lies wholly outside its image.

What: no part of an object's box is inside the image.

Why: mmdetection leaves it out of training without a word. Most often the box was made on another
image, or on this one at another size.

Example: a box from x = 700 to 740, on an image that is 640 pixels wide::

    <xmin>700</xmin><ymin>20</ymin><xmax>740</xmax><ymax>60</ymax>

Fix: redraw the object, or drop it: --fix --unsafe-fixes drops it. It is unsafe, as it may be the
size that is wrong: if there are many, look whether the sizes in the annotations are those of the
images.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text
from dataforge.checks.zero_area import covers_nothing
from dataforge.records import Finding, Image, Instance

SEVERITY = "warning"
FIX = "unsafe"


class Check(_base.Check):
    """Looks at each object that covers an area."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if _is_outside(instance, image):
                message = f"{instance.label!r} lies wholly outside the image: trainers drop it"
                yield self.finding_on(image, instance, message, "redraw or drop it")


def _is_outside(instance: Instance, image: Image) -> bool:
    x0, y0, x1, y1 = instance.box
    outside = x1 <= 0 or y1 <= 0 or x0 >= image.width or y0 >= image.height
    return outside and not covers_nothing(instance)


class Fix(_fix.Fix):
    """Drops the objects."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        found = [n for n, instance in enumerate(image.instances) if _is_outside(instance, image)]
        yield from _fix.dropped(self.data, text, image, found)
