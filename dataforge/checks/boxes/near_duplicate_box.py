"""Two objects with the same class and nearly the same box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from math import frexp

from dataforge.checks import base
from dataforge.checks.boxes.zero_area import covers_nothing
from dataforge.codes import code
from dataforge.findings import Finding
from dataforge.geometry import iou
from dataforge.records import Box, Image, Instance

_MOST = 0.95
_COPIED = 2.0  # pixels
_COPY = 0.5  # of small ones that lie beside each other, the overlap is less

_REACH = 0.06
_STEPS = 20

_COMPARED = 2_000_000
"""Pairs of boxes that are compared in an image; a drawing by hand has some thousand."""


class Check(base.Check):
    """Compares the objects of an image, class by class."""

    def image(self, image: Image) -> Iterator[Finding]:
        members: dict[str, dict[Box, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, instance in enumerate(image.instances):
            label = self.data.resolver.same(instance.label)
            if label is not None and not instance.iscrowd and not covers_nothing(instance):
                members[label][instance.box].append(number)
        twins: dict[int, int] = {}
        left = _COMPARED
        for boxes in members.values():
            if not are_any_near(boxes):
                continue
            neighbours = _Neighbours(boxes, left)
            for box, numbers in boxes.items():
                twin = neighbours.first(box, numbers[-1])
                twins.update((number, twin) for number in numbers if number > twin >= 0)
            left = neighbours.left
        for later, earlier in sorted(twins.items()):
            yield self._near_duplicate(image.instances[later], image.instances[earlier])
        if left < 0:
            yield code("not-read-in-full").at(
                image.place,
                f"more than {_COMPARED:,} pairs of boxes overlap: not all are compared",
                "look at the image: hundreds of objects lie on one another",
            )

    def _near_duplicate(self, instance: Instance, twin: Instance) -> Finding:
        overlap = iou(instance.box, twin.box)
        message = (
            f"{instance.label!r} is a near-duplicate of {twin.place.inside} (IoU {overlap:.2f})"
        )
        if _is_copy(instance.box, twin.box):
            message += ", a copy of the same size"
        return self.finding(instance.place, message, "delete one of the two")


def are_any_near(boxes: Iterable[Box]) -> bool:
    """Whether near-duplicates are possible: a quick answer, false for most images.

    The edges of two boxes whose overlap is more than 95 % differ by less than 5 % of the width and
    height of either.
    """
    ordered = sorted(boxes)
    steps = _STEPS * len(ordered)
    for at, (x0, y0, x1, y1) in enumerate(ordered, 1):
        beyond = x0 + max(_COPIED, _REACH * (x1 - x0))
        reach = max(_COPIED, _REACH * (y1 - y0))
        for other in islice(ordered, at, None):
            steps -= 1
            if other[0] > beyond:
                break
            if abs(other[1] - y0) <= reach or steps < 0:
                return True
    return False


class _Neighbours:
    """The boxes of one class in a grid, for finding those that nearly equal one.

    The boxes in a cell are of about the same size, and a cell is as wide as the distance at which
    two of them may be near-duplicates.

    Args:
        boxes: box -> numbers of the objects that have it, in order; boxes by their first number.
        left: pairs that may still be compared.

    Attributes:
        left: see above; negative if that was not enough.
    """

    def __init__(self, boxes: Mapping[Box, Sequence[int]], left: int) -> None:
        self.left = left
        self._cells: dict[tuple[int, ...], list[tuple[int, Box]]] = defaultdict(list)
        for box, numbers in boxes.items() if len(boxes) > 1 else ():
            (x_scale,), (y_scale,) = _scales(box[2] - box[0]), _scales(box[3] - box[1])
            cell = x_scale, y_scale, _cell(box[0], x_scale), _cell(box[1], y_scale)
            self._cells[cell].append((numbers[0], box))

    def first(self, box: Box, before: int) -> int:
        """The lowest number, below `before`, of a near-duplicate of a box; -1 if there is none."""
        found = before
        for cell in self._around(box):
            for number, other in self._cells.get(cell, ()):
                if number >= found or self.left < 0:
                    break
                self.left -= 1
                if other != box and (iou(box, other) > _MOST or _is_copy(box, other)):
                    found = number
                    break
        return found if found < before else -1

    def _around(self, box: Box) -> Iterator[tuple[int, ...]]:
        for x_scale in _scales(box[2] - box[0], 1 - _MOST):
            for y_scale in _scales(box[3] - box[1], 1 - _MOST):
                x, y = _cell(box[0], x_scale), _cell(box[1], y_scale)
                yield from product((x_scale,), (y_scale,), (x - 1, x, x + 1), (y - 1, y, y + 1))


def _scales(length: float, share: float = 0.0) -> list[int]:
    """The powers of two, as exponents, below which a length is that may differ by a share."""
    scales = frexp(length * (1 - 2 * share))[1], frexp(length * (1 + 2 * share))[1]
    return list(range(scales[0], scales[1] + 1))


def _cell(edge: float, scale: int) -> int:
    return int(edge // max(_COPIED, (1 - _MOST) * 2.0**scale))


def _is_copy(box: Box, other: Box) -> bool:
    steps = [b - a for a, b in zip(box, other, strict=True)]
    moved = steps[0] == steps[2] and steps[1] == steps[3] and max(map(abs, steps)) <= _COPIED
    return moved and iou(box, other) > _COPY
