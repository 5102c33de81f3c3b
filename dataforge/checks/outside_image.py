"""An object that lies wholly outside its image.

What: no part of an object's box is inside the image.

Why: mmdetection leaves it out of training without a word. Most often the box was made on another
image, or on this one at another size.

Example: a box from x = 700 to 740, on an image that is 640 pixels wide::

    <xmin>700</xmin><ymin>20</ymin><xmax>740</xmax><ymax>60</ymax>

Fix: redraw the object, or drop it. If there are many, look whether the sizes in the annotations
are those of the images.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.checks.zero_area import covers_nothing
from dataforge.records import Finding, Image

SEVERITY = "warning"


class Check(_base.Check):
    """Looks at each object that covers an area."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            x0, y0, x1, y1 = instance.box
            outside = x1 <= 0 or y1 <= 0 or x0 >= image.width or y0 >= image.height
            if outside and not covers_nothing(instance):
                message = f"{instance.label!r} lies wholly outside the image: trainers drop it"
                yield self.finding_on(image, instance, message, "redraw or drop it")
