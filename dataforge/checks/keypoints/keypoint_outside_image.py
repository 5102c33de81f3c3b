"""A labelled keypoint outside its image."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.errors import plural
from dataforge.findings import Finding
from dataforge.records import Image, Instance

_SLACK = 1.0
"""Pixels beyond the image that are tolerated."""


class Check(base.Check):
    """Looks at each object that has keypoints."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if instance.keypoints and (outside := _outside(instance, image)):
                number, x, y = outside[0]
                yield self.finding(
                    instance.place,
                    f"{instance.label!r} has {plural(len(outside), 'labelled keypoint')} outside "
                    f"the image, the first is number {number} at ({x:g}, {y:g})",
                    "mark it again, or set its visibility to 0",
                )


def _outside(instance: Instance, image: Image) -> list[tuple[int, float, float]]:
    """(number from 1, x, y) of the labelled keypoints that are outside."""
    points = zip(*(instance.keypoints[at::3] for at in range(3)), strict=True)
    return [
        (number, x, y)
        for number, (x, y, visibility) in enumerate(points, 1)
        if visibility > 0
        and not (-_SLACK <= x <= image.width + _SLACK and -_SLACK <= y <= image.height + _SLACK)
    ]
