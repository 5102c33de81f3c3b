"""A polygon that crosses or touches itself."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.geometry import is_bridged, is_simple
from dataforge.records import Image, Polygons


class Check(base.Check):
    """Looks at polygons in COCO; the other readers do so to compute the area."""

    formats = ("coco",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            rings = instance.shape.rings if isinstance(instance.shape, Polygons) else ()
            if any(not is_simple(ring) and not is_bridged(ring) for ring in rings):
                message = f"the polygon of {instance.label!r} crosses itself"
                remedy = "redraw it unless the crossing is intended"
                yield self.finding(instance.place, message, remedy)
