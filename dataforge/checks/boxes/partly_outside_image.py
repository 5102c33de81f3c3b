"""An object that extends beyond its image."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base
from dataforge.checks.boxes.zero_area import covers_nothing
from dataforge.findings import Clip, Edit, Finding
from dataforge.records import Image, Instance

SLACK = 1.0
"""Pixels beyond the image that are tolerated."""


class Check(base.Check):
    """Looks at each object."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if beyond := _reaches_out(instance, image):
                message = f"{instance.label!r} extends {beyond:.0f} px beyond the image"
                clip = Clip((image.width, image.height), instance.box)
                edits = (Edit(instance.place, clip),)
                yield self.finding(instance.place, message, "redraw or clip it", edits=edits)


def _reaches_out(instance: Instance, image: Image) -> float:
    """How far an object extends beyond its image, in pixels; 0 if that is tolerated."""
    x0, y0, x1, y1 = instance.box
    beyond = max(-x0, -y0, x1 - image.width, y1 - image.height)
    if beyond <= SLACK:
        return 0.0
    inside = geometry.clip_box(instance.box, image.width, image.height)
    reported = geometry.box_area(inside) > 0 and not covers_nothing(instance)
    return beyond if reported else 0.0
