"""A box that covers all of its image, or nearly all.

What: a box is the frame of its image to within a pixel on each side (a warning), or what is inside
the image covers more than 95% of it (a note).

Why: most often it is no mark but a stand-in: the label of the whole image, a default of the tool,
or a drag gone wrong. If it is meant, nothing is wrong.

Example: ``"bbox": [0, 0, 640, 480]`` on an image of 640x480.

Fix: redraw the object, or drop it. If the whole image is meant, it is no task for a detector.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base as _base
from dataforge.records import Finding, Image

SEVERITY = "note"

_MOST = 0.95


class Check(_base.Check):
    """Looks at each object's box."""

    def image(self, image: Image) -> Iterator[Finding]:
        frame = (0.0, 0.0, float(image.width), float(image.height))
        for instance in image.instances:
            if geometry.box_area(instance.box) <= geometry.box_area(frame) / 2:
                continue  # also on an image of few pixels, where all is within one of them
            inside = geometry.clip_box(instance.box, image.width, image.height)
            part = geometry.box_area(inside) / geometry.box_area(frame)
            whole = all(abs(a - b) <= 1 for a, b in zip(inside, frame, strict=True))
            if whole or part > _MOST:
                what = "is the whole image" if whole else f"covers {part:.0%} of the image"
                yield self.finding(
                    image.source or image.file_name,
                    f"the box of {instance.label!r} {what}",
                    "redraw or drop it, if it is not meant",
                    where=instance.where,
                    severity="warning" if whole else "note",
                )
