"""An object millions of pixels away or large, or whose numbers are none.

What: a coordinate or an area is NaN, infinite, or beyond ten million pixels.

Why: no image is that large: the file is at fault, and one such number makes a loss NaN.

Example::

    "bbox": [10, 10, 1e308, 20]

Fix: redraw the object, or drop it. `convert` leaves it out and counts it.
"""

from __future__ import annotations

import math

import msgspec

from dataforge.io import MAX_COORDINATE
from dataforge.records import Finding, Image

SEVERITY = "error"


def measurable(image: Image) -> tuple[Image, list[Finding]]:
    """The image without instances whose numbers are no place on any image, and what they are."""
    kept, findings = [], []
    for instance in image.instances:
        # Not a number compares as false.
        inside = all(abs(value) <= MAX_COORDINATE for value in instance.box)
        if inside and math.isfinite(instance.area):
            kept.append(instance)
            continue
        finding = Finding(
            code="coordinates-too-large",
            severity="error",
            file=image.source,
            where=instance.where,
            message=f"{instance.label!r} is millions of pixels away or large: left out",
            remedy="redraw or drop it",
            lost=instance.parts,
        )
        findings.append(finding)
    if not findings:
        return image, findings
    return msgspec.structs.replace(image, instances=tuple(kept)), findings
