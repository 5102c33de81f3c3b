"""A box that covers the whole image, or nearly all of it."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import geometry
from dataforge.checks import base
from dataforge.findings import Finding
from dataforge.records import Image

_MOST = 0.95


class Check(base.Check):
    """Looks at each object's box."""

    def image(self, image: Image) -> Iterator[Finding]:
        frame = (0.0, 0.0, float(image.width), float(image.height))
        for instance in image.instances:
            if geometry.box_area(instance.box) <= geometry.box_area(frame) / 2:
                continue  # also on a tiny image, where everything is within one pixel of the frame
            inside = geometry.clip_box(instance.box, image.width, image.height)
            part = geometry.box_area(inside) / geometry.box_area(frame)
            whole = all(abs(a - b) <= 1 for a, b in zip(inside, frame, strict=True))
            if whole or part > _MOST:
                share = "the whole image" if whole else f"{part:.0%} of the image"
                yield self.finding(
                    instance.place,
                    f"the box of {instance.label!r} covers {share}",
                    "redraw or delete it unless it is intended",
                    severity="warning" if whole else "note",
                )
