"""Keypoints: ``kpt_shape``, ``kpt_names`` and ``flip_idx`` of data.yaml, and the end of each row.

    class cx cy w h  x1 y1 v1  x2 y2 v2 ...      kpt_shape: [number, 3]
    class cx cy w h  x1 y1     x2 y2 ...         kpt_shape: [number, 2]

Ultralytics has one number of keypoints for all classes, those of a class with fewer are filled with
zeros. Of two numbers a point, one that is (0, 0) or negative is not labelled, any other is visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dataforge.formats.json_spans import number as written
from dataforge.formats.yolo.dataset_yaml import quoted, whole_number
from dataforge.records import Category, Header, Keypoints

FLIP = "flip_idx"
"""The key of a header's own keys: the index of each keypoint's counterpart in a mirror."""

_MOST = 1_000
"""Keypoints of an object; each has a name."""


class Pose(msgspec.Struct, frozen=True):
    """The keypoints of a dataset.

    Attributes:
        number: of each object.
        size: numbers of each.
        names: class number -> names, as far as the file has them.
        flip: as in the file, empty if it has none.
    """

    number: int
    size: int
    names: dict[int, tuple[str, ...]] = {}
    flip: tuple[int, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether it is known what the numbers of a point are."""
        return self.size in (2, 3) and self.number <= _MOST

    def names_of(self, at: int) -> tuple[str, ...]:
        """The names of a class's keypoints, made up where the file has none."""
        return self.names.get(at, tuple(f"keypoint_{n}" for n in range(1, self.number + 1)))


def pose_of(table: Mapping[str, Any]) -> Pose | None:
    """What the content of data.yaml says of keypoints; None if it has no valid ``kpt_shape``."""
    shape = table.get("kpt_shape")
    if not isinstance(shape, list) or len(shape) != 2:
        return None
    number, size = map(whole_number, shape)
    if number <= 0 or size <= 0:
        return None
    given = table.get("kpt_names")
    entries = given.items() if isinstance(given, dict) else ()
    names = {
        whole_number(at): tuple(one)
        for at, one in entries
        if isinstance(one, list) and len(one) <= number and all(isinstance(n, str) for n in one)
    }
    flip = table.get(FLIP)
    found = tuple(map(whole_number, flip)) if isinstance(flip, list) else ()
    is_one = len(found) == number and sorted(found) == [*range(number)]
    return Pose(number, size, names, found if is_one else ())


def header_of(names: Mapping[int, str], pose: Pose | None) -> Header:
    """The header of a dataset with these classes."""
    if pose is None or not pose.is_read:
        categories = (Category(name=name) for name in dict.fromkeys(names.values()))
        return Header(categories=tuple(categories))
    numbers = {name: at for at, name in reversed([*names.items()])}
    found = tuple(
        Category(name=name, keypoints=pose.names_of(numbers[name]))
        for name in dict.fromkeys(names.values())
    )
    keeps = pose.flip and pose.flip != mirrored(found)
    return Header(categories=found, extra={"yolo": {FLIP: [*pose.flip]}} if keeps else {})


# Rows -------------------------------------------------------------------------------------------


def keypoints_of(values: Sequence[float], size: int, width: int, height: int) -> Keypoints:
    """The keypoints at the end of a row, in pixels of an image of (width, height)."""
    points: list[float] = []
    for at in range(0, len(values), size):
        x, y = values[at], values[at + 1]
        if size == 3:
            points += (x * width, y * height, values[at + 2])
        elif x < 0 or y < 0 or x == y == 0:
            points += (0.0, 0.0, 0.0)
        else:
            points += (x * width, y * height, 2.0)
    return tuple(points)


def has_negative(values: Sequence[float], size: int) -> bool:
    """Whether a keypoint at the end of a row is not labelled because a number of it is below 0.

    -1 is the mark of some tools for what is not labelled, and does not count.
    """
    points = (values[at : at + 2] for at in range(0, len(values), size))
    return size == 2 and any(min(point) < 0 and -1 not in point for point in points)


def without_filling(points: Keypoints, number: int) -> Keypoints:
    """The keypoints of a class that has fewer than others, if the rest are zeros."""
    return points if any(points[3 * number :]) else points[: 3 * number]


def columns_of(points: Keypoints, number: int, width: int, height: int) -> tuple[str, bool]:
    """(the columns for a number of keypoints, whether any was outside the image).

    Those that are missing are filled with zeros.
    """
    columns: list[float] = []
    outside = False
    for at in range(0, min(len(points), 3 * number), 3):
        x, y = points[at] / width, points[at + 1] / height
        inside = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        outside = outside or inside != (x, y)
        columns += (*inside, points[at + 2])
    columns += [0.0] * (3 * number - len(columns))
    return " ".join(map(written, columns)), outside


# data.yaml --------------------------------------------------------------------------------------


def number_of(categories: Iterable[Category]) -> int:
    """The number of keypoints of the class that has most."""
    return max((len(one.keypoints) for one in categories), default=0)


def lines_of(header: Header) -> list[str]:
    """The lines of data.yaml about keypoints."""
    categories = header.categories
    number = number_of(categories)
    lines = [f"kpt_shape: [{number}, 3]"]
    flip = header.extra.get("yolo", {}).get(FLIP)
    if not isinstance(flip, list) or len(flip) != number:
        flip = mirrored(categories)
    if flip:
        lines.append(f"{FLIP}: [{', '.join(map(str, flip))}]")
    made_up = Pose(number, 3).names_of(0)
    if any(one.keypoints != made_up for one in categories):
        lines.append("kpt_names:")
        for at, one in enumerate(categories):
            lines.append(f"  {at}: [{', '.join(map(quoted, one.keypoints))}]")
    return lines


def mirrored(categories: Sequence[Category]) -> tuple[int, ...]:
    """What ``flip_idx`` is by names with left and right; empty unless all classes agree.

    >>> mirrored([Category(name="cat", keypoints=("nose", "left_ear", "right_ear"))])
    (0, 2, 1)
    """
    number = number_of(categories)
    found = set()
    for one in categories:
        if one.keypoints:
            names = [*one.keypoints, *[""] * (number - len(one.keypoints))]
            found.add(tuple(_counterpart(names, at) for at in range(number)))
    flip = found.pop() if len(found) == 1 else ()
    is_one = sorted(flip) == [*range(number)] and flip != tuple(range(number))
    return flip if is_one else ()


def _counterpart(names: Sequence[str], at: int) -> int:
    name = names[at]
    for one, other in (("left", "right"), ("right", "left"), ("Left", "Right"), ("Right", "Left")):
        if one in name and name.replace(one, other) in names:
            return names.index(name.replace(one, other))
    return at
