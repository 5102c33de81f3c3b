"""A crowd annotation with a polygon."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image, Polygons


class Check(base.Check):
    """Looks at each crowd."""

    formats = ("coco",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if instance.iscrowd and isinstance(instance.shape, Polygons):
                message = f"{instance.label!r} has iscrowd 1 and a polygon: trainers ignore it"
                yield self.finding(instance.place, message, "set iscrowd to 0 for a single object")
