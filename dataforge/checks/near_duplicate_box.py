"""An object that is marked twice with nearly the same box.

What: two objects of one image have the same class, and their boxes overlap by more than 0.95 (IoU)
without being the same; or they are of exactly the same size, and one lies up to 2 pixels beside the
other, as labelImg and labelme leave a shape that was duplicated (Ctrl+D). Crowds are left out.

Why: two real objects hardly ever lie so. It counts twice in the loss, and in the evaluation one of
the two can never be found, as non-maximum suppression keeps one of them alone. Most often two
people marked the same image, or two versions of the annotations were merged.

Example: boxes of 100x100 pixels, one of them a pixel farther to the right: IoU 0.98.

Fix: drop one of the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dataforge.checks import base as _base
from dataforge.checks.zero_area import covers_nothing
from dataforge.geometry import iou
from dataforge.records import Box, Finding, Image, Instance

SEVERITY = "warning"

_MOST = 0.95
_COPIED = 2.0  # pixels
_COPY = 0.5  # of small ones that lie beside each other, the overlap is less


class Check(_base.Check):
    """Compares the objects of an image, class by class."""

    def image(self, image: Image) -> Iterator[Finding]:
        members: dict[str, list[tuple[Box, int]]] = defaultdict(list)
        for number, instance in enumerate(image.instances):
            label = self.data.classes.canonical(instance.label)
            if label is not None and not instance.iscrowd and not covers_nothing(instance):
                members[label].append((instance.box, number))
        twins: dict[int, int] = {}
        for boxes in members.values():
            for one, other in _overlapping(sorted(boxes)):
                later, earlier = max(one, other), min(one, other)
                twins[later] = min(earlier, twins.get(later, earlier))
        for later, earlier in sorted(twins.items()):
            yield self._told(image, image.instances[later], image.instances[earlier])

    def _told(self, image: Image, instance: Instance, twin: Instance) -> Finding:
        overlap = iou(instance.box, twin.box)
        message = f"{instance.label!r} overlaps {twin.where}, of its class, by {overlap:.3f}"
        if _is_copy(instance.box, twin.box):
            message += ", and is of the same size: a copy"
        return self.finding_on(image, instance, message, "drop one of the two")


def _overlapping(boxes: Sequence[tuple[Box, int]]) -> Iterator[tuple[int, int]]:
    """Pairs of numbers of boxes, sorted from the left, that are nearly the same."""
    for at, (box, number) in enumerate(boxes):
        # A box that begins farther to the right covers less than 0.95 of this one.
        last = box[0] + max(_COPIED, (1 - _MOST) * (box[2] - box[0]))
        for following in range(at + 1, len(boxes)):
            other, other_number = boxes[following]
            if other[0] > last:
                break
            if other != box and (iou(box, other) > _MOST or _is_copy(box, other)):
                yield number, other_number


def _is_copy(box: Box, other: Box) -> bool:
    steps = [b - a for a, b in zip(box, other, strict=True)]
    moved = steps[0] == steps[2] and steps[1] == steps[3] and max(map(abs, steps)) <= _COPIED
    return moved and iou(box, other) > _COPY
