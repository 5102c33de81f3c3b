"""An object that lies completely outside its image."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.boxes.zero_area import covers_nothing
from dataforge.findings import Finding
from dataforge.records import Image, Instance


class Check(base.Check):
    """Looks at each object with an area."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if _is_outside(instance, image):
                message = f"{instance.label!r} lies completely outside the image: trainers drop it"
                edits = base.dropping(instance)
                yield self.finding(instance.place, message, "redraw or delete it", edits=edits)


def _is_outside(instance: Instance, image: Image) -> bool:
    x0, y0, x1, y1 = instance.box
    outside = x1 <= 0 or y1 <= 0 or x0 >= image.width or y0 >= image.height
    return outside and not covers_nothing(instance)
