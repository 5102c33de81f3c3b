"""Objects smaller than 32 pixels at the training size."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from dataforge.checks import base
from dataforge.checks.boxes.zero_area import covers_nothing
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.geometry import anchor_sizes, training_scale
from dataforge.records import Image

_SMALL = 32.0
_ANCHORS = anchor_sizes()[:3]
_LEAST_OVERLAP = 0.3


class Check(base.Check):
    """Counts small objects, class by class."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        """[label, side at the training size, size before and after scaling, whether an anchor fits,
        file, pointer, line] of each small object."""
        scale = training_scale(image.width, image.height)
        objects: Counter[str] = Counter()
        for instance in image.instances:
            if instance.iscrowd or covers_nothing(instance):
                continue
            objects[instance.label] += 1
            x0, y0, x1, y1 = instance.box
            width, height = (x1 - x0) * scale, (y1 - y0) * scale
            side = math.sqrt(width * height)
            if side < _SMALL:
                fits = _overlap(width, height) >= _LEAST_OVERLAP
                size = f"{x1 - x0:.3g}x{y1 - y0:.3g} px, scaled to {width:.3g}x{height:.3g}"
                place = instance.place
                small = [side, size, fits, place.file, place.pointer, place.line]
                yield self.fact([instance.label, 0, small])
        for label, number in objects.items():
            yield self.fact([label, number, None])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        objects: Counter[str] = Counter()
        small: dict[str, list[Any]] = defaultdict(list)
        for label, number, found in facts.of(self.name):
            if (name := whole.classes.of(label)) is not None:
                objects[name] += number
                small[name] += [found] if found else []
        for name, members in sorted(small.items()):
            if not members:
                continue
            unreached = sum(not fits for _, _, fits, *_ in members)
            _, size, _, file, pointer, line = min(members, key=lambda member: member[0])
            beyond = f", and {unreached:,} match no anchor (IoU under 0.3)" if unreached else ""
            yield self.finding(
                Place(file, pointer, line),
                f"{len(members):,} of {objects[name]:,} {name!r} are smaller than 32 px when "
                f"trained at 1333x800{beyond}; the smallest is this one: {size}",
                "train at a larger size, on tiles, or with smaller anchors",
                severity="warning" if unreached else "note",
            )


def _overlap(width: float, height: float) -> float:
    """The highest IoU with an anchor at the same centre."""
    best = 0.0
    for anchor_width, anchor_height in _ANCHORS:
        common = min(width, anchor_width) * min(height, anchor_height)
        best = max(best, common / (width * height + _SMALL**2 - common))
    return best
