"""A labelme shape with a group_id that no other shape of its class has.

What: shapes of one image with the same label and the same ``group_id`` are one object; here there
is only one.

Why: most likely the other part has another label, another number or none, and counts as an object
of its own: one object is taught as two. Some tools write a track's number there, which is no fault.

Example: a car behind a pole, its left part with ``"group_id": 1`` and its right part with ``null``.

Fix: give the other part the same label and ``group_id``, or clear this one's. For numbers that mean
something else, ignore the finding with a reason, and convert with --no-group.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding, Image

SEVERITY = "note"
FORMATS = ("labelme",)


class Check(_base.Check):
    """Looks at each object that has a group_id and one part."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            number = instance.attributes.get("group_id")
            if number is not None and instance.parts == 1:
                message = f"no other {instance.label!r} of this image has the group_id {number!r}"
                yield self.finding_on(image, instance, message, "mend the other part, or clear it")
