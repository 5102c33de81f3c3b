"""Two versions of a dataset: which image is which, and how many objects differ."""

from __future__ import annotations

from collections.abc import Sequence

from dataforge.io import last_part, stem
from dataforge.layouts import without_twins
from dataforge.records import Box
from dataforge.verbs.browse.shards import Row

SAME = 1.0
"""Pixels that two boxes of the same object may differ by: formats round."""

_MANY = 2_000
"""Objects with one label in an image up to which each is compared with each."""

Boxes = Sequence[tuple[str, Box]]


def pairs(one: Sequence[Row], other: Sequence[Row]) -> list[tuple[int, int, int, int]]:
    """Which image of a dataset is which of another.

    Images belong together that have the same path, else the same name without folder, else without
    its extension, each if no other of the dataset has it.

    Returns:
        (index in one, index in other, objects only in one, objects only in other); an index is -1
        if the image is only in the other.
    """
    found: dict[int, int] = {}
    left = set(range(len(other)))
    for key in (str, last_part, lambda name: stem(last_part(name))):
        mine = without_twins((key(row.name), at) for at, row in enumerate(one) if at not in found)
        theirs = without_twins((key(other[at].name), at) for at in sorted(left))
        for name, at in mine.items():
            if name in theirs:
                found[at] = theirs[name]
                left.discard(theirs[name])
    made = []
    for at, row in enumerate(one):
        to = found.get(at, -1)
        made.append((at, to, *differing(row.boxes, other[to].boxes if to >= 0 else ())))
    return [*made, *((-1, at, *differing((), other[at].boxes)) for at in sorted(left))]


def differing(one: Boxes, other: Boxes) -> tuple[int, int]:
    """The number of objects that are only in the one, and only in the other.

    >>> differing([("a", (0, 0, 9, 9)), ("b", (0, 0, 9, 9))], [("a", (0, 0.5, 9, 9))])
    (1, 0)
    """
    labels = dict.fromkeys(label for label, _ in (*one, *other))
    lonely = [
        _differing([box for label, box in one if label == name],
                   [box for label, box in other if label == name])
        for name in labels
    ]  # fmt: skip
    return sum(first for first, _ in lonely), sum(second for _, second in lonely)


def _differing(one: Sequence[Box], other: Sequence[Box]) -> tuple[int, int]:
    if len(one) * len(other) > _MANY**2:
        return max(len(one) - len(other), 0), max(len(other) - len(one), 0)
    left = list(other)
    alone = 0
    for box in one:
        near = next(
            (b for b in left if all(abs(p - q) <= SAME for p, q in zip(box, b, strict=True))), None
        )
        if near is None:
            alone += 1
        else:
            left.remove(near)
    return alone, len(left)
