"""An outline that goes along an edge and back: a hole or a second part, joined by a bridge.

What: a polygon has the same edge twice, once in each direction, and other edges in between. A
bridge drawn by hand, whose two ways are not exactly the same, is told as self-intersecting or not
at all.

Why: a polygon has no holes, and this is how they are drawn all the same; Ultralytics' converter
joins parts like this, too. The area is right. But masks made of it have a seam of pixels along the
bridge, which grows when they are scaled down and shows up in what the detector predicts.

Example: a ring: around the outside, over to the hole, around the hole the other way, and back over.

Fix: nothing, where boxes are trained on. Else draw it as a mask in labelme, or as several polygons
with the same ``group_id`` where it is parts that are joined.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.geometry import is_bridged
from dataforge.records import Finding, Image, Polygons

SEVERITY = "note"
FORMATS = ("coco", "labelme", "yolo")


class Check(_base.Check):
    """Looks at each outline."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            rings = instance.shape.rings if isinstance(instance.shape, Polygons) else ()
            if any(map(is_bridged, rings)):
                message = f"the outline of {instance.label!r} goes along one of its edges and back"
                yield self.finding_on(image, instance, message, "draw it as a mask or as parts")
