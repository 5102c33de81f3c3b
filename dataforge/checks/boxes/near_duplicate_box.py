"""Two objects with the same class and nearly the same box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dataforge.checks import base
from dataforge.checks.boxes.zero_area import covers_nothing
from dataforge.findings import Finding
from dataforge.geometry import iou
from dataforge.records import Box, Image, Instance

_MOST = 0.95
_COPIED = 2.0  # pixels
_COPY = 0.5  # of small ones that lie beside each other, the overlap is less


class Check(base.Check):
    """Compares the objects of an image, class by class."""

    def image(self, image: Image) -> Iterator[Finding]:
        members: dict[str, list[tuple[Box, int]]] = defaultdict(list)
        for number, instance in enumerate(image.instances):
            label = self.data.resolver.same(instance.label)
            if label is not None and not instance.iscrowd and not covers_nothing(instance):
                members[label].append((instance.box, number))
        twins: dict[int, int] = {}
        for boxes in members.values():
            for one, other in _overlapping(sorted(boxes)):
                later, earlier = max(one, other), min(one, other)
                twins[later] = min(earlier, twins.get(later, earlier))
        for later, earlier in sorted(twins.items()):
            yield self._near_duplicate(image.instances[later], image.instances[earlier])

    def _near_duplicate(self, instance: Instance, twin: Instance) -> Finding:
        overlap = iou(instance.box, twin.box)
        message = (
            f"{instance.label!r} is a near-duplicate of {twin.place.inside} (IoU {overlap:.2f})"
        )
        if _is_copy(instance.box, twin.box):
            message += ", a copy of the same size"
        return self.finding(instance.place, message, "delete one of the two")


def _overlapping(boxes: Sequence[tuple[Box, int]]) -> Iterator[tuple[int, int]]:
    """Pairs of indices of nearly equal boxes, given boxes sorted by their left edge."""
    for at, (box, number) in enumerate(boxes):
        # A box that starts further to the right covers less than 0.95 of this one.
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
