"""An object without area."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image, Instance


class Check(base.Check):
    """Looks at each object."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if covers_nothing(instance):
                message = f"{instance.label!r} has no area: trainers drop it"
                # With a box, but a COCO `area` of 0, it can be trained on once that is corrected.
                wrong_area = self.data.format == "coco" and _has_area(instance)
                edits = () if wrong_area else base.dropping(instance)
                yield self.finding(instance.place, message, "redraw or delete it", edits=edits)


def covers_nothing(instance: Instance) -> bool:
    """Whether an object has no width, no height or no area."""
    x0, y0, x1, y1 = instance.box
    return instance.area <= 0 or x1 - x0 <= 0 or y1 - y0 <= 0


def _has_area(instance: Instance) -> bool:
    return instance.box[0] < instance.box[2] and instance.box[1] < instance.box[3]
