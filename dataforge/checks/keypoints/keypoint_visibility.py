"""A keypoint whose visibility is not 0, 1 or 2."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image


class Check(base.Check):
    """Looks at each object that has keypoints."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            for number, value in enumerate(instance.keypoints[2::3], 1):
                if value not in (0, 1, 2):
                    yield self.finding(
                        instance.place,
                        f"keypoint {number} of {instance.label!r} has the visibility {value:g}, "
                        "expected 0, 1 or 2",
                        "write 0 for not labelled, 1 for hidden, 2 for visible",
                    )
                    break
