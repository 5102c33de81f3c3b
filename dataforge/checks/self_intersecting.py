"""An outline that crosses or touches itself.

What: two edges of a polygon meet elsewhere than at their common corner. One that goes along an edge
and back is told as bridged-polygon.

Why: what is inside is not clear. pycocotools takes a part that is gone around twice for outside,
and the formula for the area takes half of a figure of eight from the other half: trainers drop an
object of area 0.

Example: four corners in the order of a Z: (10, 10), (30, 10), (10, 30), (30, 30).

Fix: redraw the outline.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.geometry import is_bridged, is_simple
from dataforge.records import Finding, Image, Polygons

SEVERITY = "warning"
FORMATS = ("coco", "labelme", "yolo")


class Check(_base.Check):
    """Looks at outlines in COCO; the other readers do so to find the area."""

    def image(self, image: Image) -> Iterator[Finding]:
        if self.data.format != "coco":
            return
        for instance in image.instances:
            rings = instance.shape.rings if isinstance(instance.shape, Polygons) else ()
            if any(not is_simple(ring) and not is_bridged(ring) for ring in rings):
                message = f"the outline of {instance.label!r} crosses itself"
                remedy = "redraw it if the crossing is not meant"
                yield self.finding_on(image, instance, message, remedy)
