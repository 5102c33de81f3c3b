"""An object that is marked twice with the same box and class.

What: two objects of one image have the same class and exactly the same box.

Why: it counts twice in the loss, and in the evaluation one of the two can never be found, so that
recall has a ceiling below 1. Most often a set was merged with itself, or pasted twice.

Example: two rows ``0 0.5 0.5 0.2 0.2`` in one YOLO file.

Fix: drop one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.records import Box, Finding, Image

SEVERITY = "warning"


class Check(_base.Check):
    """Compares the objects of an image."""

    def image(self, image: Image) -> Iterator[Finding]:
        first: dict[tuple[str | None, Box], str] = {}
        for instance in image.instances:
            label = self.data.classes.canonical(instance.label)
            if label is None or instance.iscrowd:
                continue
            twin = first.setdefault((label, instance.box), instance.where)
            if twin != instance.where:
                message = f"{instance.label!r} has the class and the box of {twin}"
                yield self.finding_on(image, instance, message, "drop one of the two")
