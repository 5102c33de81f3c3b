"""Objects that are under 32 pixels a side at the size that is trained at.

What: once the image is scaled to fit into 1333x800, mmdetection's default, the square root of an
object's area is under 32 pixels. Told once for each class, with their number and the smallest. It
is a warning where some of them overlap no anchor by 0.3.

Why: the smallest anchors of mmdetection's detectors are 32x32, 45x23 and 23x45 pixels. An object
that is all inside an anchor overlaps it by its area over the anchor's: by 0.7 from 27 pixels a side
on, which makes the anchor a good example; by 0.3 from 18 on. Below that no anchor is an example of
the object, not even the best (`min_pos_iou=0.3`): it is background to the first stage. Between the
two it has its one best anchor, and few examples.

Example: an object of 10x8 pixels on an image of 1920x1080. At 1333x750 it is 6.9x5.6; its overlap
with the best anchor is 0.04.

Fix: train at a larger size (`img_scale`), cut the images into tiles, or give the anchors a smaller
scale (``scales=[4]`` begins at 16 pixels). What nobody could recognise is better not marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.zero_area import covers_nothing
from dataforge.records import Finding, Image, Instance

SEVERITY = "note"

_SCALE = (1333, 800)  # long side, short side
_SMALL = 32.0
_ANCHORS = tuple((_SMALL / math.sqrt(ratio), _SMALL * math.sqrt(ratio)) for ratio in (0.5, 1, 2))
_LEAST_OVERLAP = 0.3


class _Tally:
    """How many objects of a class, how many small, how many of those no anchor reaches."""

    def __init__(self) -> None:
        self.objects = self.small = self.unreached = 0
        self.least = math.inf
        self.smallest: tuple[Image, Instance, str] | None = None


class Check(_base.Check):
    """Counts small objects, class by class."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.tallies: dict[str, _Tally] = {}

    def image(self, image: Image) -> Iterator[Finding]:
        long, short = max(image.width, image.height), min(image.width, image.height)
        scale = min(_SCALE[0] / long, _SCALE[1] / short)
        bare = Image(file_name=image.file_name, width=0, height=0, source=image.source)
        for instance in image.instances:
            label = self.data.classes.canonical(instance.label)
            if label is None or instance.iscrowd or covers_nothing(instance):
                continue
            tally = self.tallies.setdefault(label, _Tally())
            tally.objects += 1
            x0, y0, x1, y1 = instance.box
            width, height = (x1 - x0) * scale, (y1 - y0) * scale
            side = math.sqrt(width * height)
            if side >= _SMALL:
                continue
            tally.small += 1
            tally.unreached += _overlap(width, height) < _LEAST_OVERLAP
            if side < tally.least:
                tally.least = side
                size = f"{x1 - x0:.3g}x{y1 - y0:.3g} px, then {width:.3g}x{height:.3g}"
                tally.smallest = bare, instance, size
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for label, tally in sorted(self.tallies.items()):
            if tally.smallest is None:
                continue
            image, instance, size = tally.smallest
            unreached = (
                f", and {tally.unreached:,} overlap no anchor by 0.3" if tally.unreached else ""
            )
            yield self.finding(
                image.source or image.file_name,
                f"{tally.small:,} of {tally.objects:,} {label!r} are under 32 px a side when "
                f"trained at 1333x800{unreached}; the smallest is here: {size}",
                "train at a larger size or on tiles, or with smaller anchors",
                where=instance.where,
                severity="warning" if tally.unreached else "note",
            )


def _overlap(width: float, height: float) -> float:
    """The best overlap (IoU) with an anchor around the same centre."""
    best = 0.0
    for anchor_width, anchor_height in _ANCHORS:
        common = min(width, anchor_width) * min(height, anchor_height)
        best = max(best, common / (width * height + _SMALL**2 - common))
    return best
