"""A labelme shape with a group_id that no other shape of its class has."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image


class Check(base.Check):
    """Looks at each object with a group_id and a single part."""

    formats = ("labelme",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            number = instance.attributes.get("group_id")
            if number is not None and instance.parts == 1:
                message = f"no other {instance.label!r} in this image has the group_id {number!r}"
                remedy = "correct the other part, or clear the group_id"
                yield self.finding(instance.place, message, remedy)
