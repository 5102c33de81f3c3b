"""A polygon whose parts, or whose hole, are joined by a bridge."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.geometry import is_bridged
from dataforge.records import Image, Polygons


class Check(base.Check):
    """Looks at each polygon."""

    formats = ("coco", "labelme", "yolo")

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            rings = instance.shape.rings if isinstance(instance.shape, Polygons) else ()
            if any(map(is_bridged, rings)):
                message = f"the polygon of {instance.label!r} goes along one of its edges and back"
                yield self.finding(instance.place, message, "redraw it as a mask or as parts")
