"""An annotation that is a crowd and has a polygon.

What: ``iscrowd`` is 1 and ``segmentation`` is a list of polygons. COCO marks a crowd, a region with
too many objects to tell apart, by a run-length mask.

Why: trainers leave crowds out, and evaluation counts no hit in them and no miss. A polygon is
drawn around one object, so most likely the flag is wrong, and the object is lost.

Example::

    {"id": 9, "iscrowd": 1, "segmentation": [[10, 10, 30, 10, 30, 30]], ...}

Fix: set ``iscrowd`` to 0 if it is one object; else keep it, and ignore the finding with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding, Image, Polygons

SEVERITY = "warning"
FORMATS = ("coco",)


class Check(_base.Check):
    """Looks at each crowd."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if instance.iscrowd and isinstance(instance.shape, Polygons):
                message = f"{instance.label!r} has iscrowd 1 and a polygon: trainers leave it out"
                yield self.finding_on(image, instance, message, "set iscrowd to 0 for one object")
