"""What the columns of a dataset's rows mean, told apart over many rows: a single row may be
anything.

    class cx cy w h                       a box
    class x1 y1 x2 y2 x3 y3 ...           a polygon
    class x1 y1 x2 y2 x3 y3 x4 y4         the corners of an oriented box
    class cx cy w h  x1 y1 [v1] ...       a box and its keypoints
    ... score, ... id, ... score id       the same as predicted or tracked

Ultralytics writes all of them (``ultralytics/engine/results.py::Results.save_txt``).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

Numbers = Sequence[float]
"""The columns of a row after its class."""

SCORE, TRACK, ANGLE = "score", "track_id", "angle"
"""What a column after the shape may be."""

_FEW, _SOME = 2, 0.2
"""Rows, and their share, that are no polygons: the others have keypoints, too."""

_SLACK = 0.01
"""Share of the image by which a box may extend beyond it, and a keypoint beyond its box."""


class Form(msgspec.Struct, frozen=True):
    """The meaning of the columns after the class.

    Attributes:
        keypoints: how many numbers follow the box; 0 unless the rows have keypoints.
        size: how many are each keypoint's; 0 unless that is declared, then they are not read.
        declared: the ``kpt_shape`` of data.yaml, as in "17x3"; empty if it has none.
        fifth: what a single number after a box is.
        tail: what the last columns of a longer row are, after its shape.
        oriented: whether a row of eight numbers has the corners of an oriented box.
    """

    keypoints: int = 0
    size: int = 0
    declared: str = ""
    fifth: str = SCORE
    tail: tuple[str, ...] = ()
    oriented: bool = False

    def tail_of(self, count: int) -> tuple[str, ...] | None:
        """What the last of `count` numbers are; None if no row has so many.

        >>> Form(keypoints=4).tail_of(8), Form(keypoints=4).tail_of(10), Form().tail_of(7)
        ((), ('score', 'track_id'), None)
        """
        if self.keypoints:
            shapes = (4, 4 + self.keypoints)
            tails = ((), (SCORE,), (SCORE, TRACK))
            return next((tail for tail in tails if count - len(tail) in shapes), None)
        if count == 5:
            return (self.fifth,)
        left = count - len(self.tail) if count > 5 else count
        return self.tail[: count - left] if left >= 4 and left % 2 == 0 else None


def form_of(rows: Iterable[Numbers], *, has_boxes: bool = False) -> Form:
    """The form that fits the rows of a dataset without ``kpt_shape``.

    Args:
        rows: those that are longer than a box.
        has_boxes: whether there are rows of boxes as well.
    """
    fives: list[float] = []
    longer: list[Numbers] = []
    for row in rows:
        if len(row) == 5:
            fives.append(row[4])
        else:
            longer.append(row)
    if not longer:
        return Form(fifth=_after_box(fives))
    counts = {len(row) for row in longer}
    if counts == {6} and all(_is_box(row) and _ends_with(row, (SCORE, TRACK)) for row in longer):
        return Form(tail=(SCORE, TRACK))
    if len(counts) == 1 and (found := _posed(longer)):
        return found
    return _outlined(longer, all_longer=not fives and not has_boxes)


def _after_box(last: Sequence[float]) -> str:
    """What the number after each box is."""
    if all(0 <= value <= 1 for value in last):
        return SCORE
    return TRACK if all(value >= 0 and value.is_integer() for value in last) else ANGLE


def _ends_with(row: Numbers, tail: tuple[str, ...]) -> bool:
    """Whether the last numbers may be a score, and a score and a track id."""
    if TRACK in tail and not (row[-1] >= 0 and row[-1].is_integer()):
        return False
    return SCORE not in tail or 0 <= row[-len(tail)] <= 1


def _is_box(row: Numbers) -> bool:
    """Whether the first four numbers are a box with an area, inside the image."""
    cx, cy, w, h = row[:4]
    low, high = -_SLACK, 1 + _SLACK
    return (
        w > 0 and h > 0
        and low <= cx - w / 2 and cx + w / 2 <= high
        and low <= cy - h / 2 and cy + h / 2 <= high
    )  # fmt: skip


# Outlines ---------------------------------------------------------------------------------------


def _outlined(rows: Sequence[Numbers], *, all_longer: bool) -> Form:
    """The form of polygons, with what follows them.

    Args:
        rows: more than five numbers each.
        all_longer: whether the dataset has no other rows.
    """
    tail: tuple[str, ...] = ()
    last = [row[-1] for row in rows]
    are_ids = all(value >= 0 and value.is_integer() for value in last) and max(last) > 1
    if all(len(row) % 2 == 0 for row in rows):
        if are_ids and all(len(row) > 7 and 0 <= row[-2] <= 1 for row in rows):
            tail = (SCORE, TRACK)
    elif all_longer and all(len(row) % 2 for row in rows):
        if are_ids:
            tail = (TRACK,)
        elif all(0 <= value <= 1 for value in last):
            tail = (SCORE,)
    corners = [row[: len(row) - len(tail)] for row in rows]
    oriented = all(len(row) == 8 and _is_parallelogram(row) for row in corners)
    return Form(tail=tail, oriented=oriented and not all(map(_is_upright, corners)))


def _is_parallelogram(row: Numbers) -> bool:
    """Whether four corners are those of an oriented box: normalised, it need not be rectangular."""
    x1, y1, x2, y2, x3, y3, x4, y4 = row
    size = max(*row[0::2], *row[1::2]) - min(*row[0::2], *row[1::2])
    slack = max(1e-5, 0.01 * size)
    return abs(x1 + x3 - x2 - x4) <= slack and abs(y1 + y3 - y2 - y4) <= slack


def _is_upright(row: Numbers) -> bool:
    """Whether four corners are those of a box that is not turned."""
    spread = (len({round(value, 5) for value in row[at::2]}) for at in (0, 1))
    return max(spread) <= 2


# Keypoints --------------------------------------------------------------------------------------


class _Pose(NamedTuple):
    """Numbers of each keypoint, and what follows the keypoints."""

    size: int
    tail: tuple[str, ...]


_POSES = tuple(_Pose(size, tail) for tail in ((), (SCORE,), (SCORE, TRACK)) for size in (3, 2))


def _posed(rows: Sequence[Numbers]) -> Form | None:
    """The form of boxes with keypoints, of one length; None if they are polygons."""
    count = len(rows[0])
    for pose in _POSES:
        keypoints = count - 4 - len(pose.tail)
        if keypoints > 0 and keypoints % pose.size == 0 and _fits(rows, pose):
            return Form(keypoints=keypoints)
    return None


def _fits(rows: Sequence[Numbers], pose: _Pose) -> bool:
    """Whether nearly all boxes enclose their keypoints, and most are no natural polygon."""
    if not all(_ends_with(row, pose.tail) for row in rows):
        return False
    end = len(rows[0]) - len(pose.tail)
    third = [row[at] for row in rows for at in range(6, end, 3)] if pose.size == 3 else [-1.0]
    if pose.size == 3 and not all(0 <= value <= 1 or value == 2 for value in third):
        return False  # neither a visibility nor a score
    if sum(_is_box(row) and _encloses(row, pose.size, end) for row in rows) < 0.9 * len(rows):
        return False
    if all(value in (0, 1, 2) for value in third):
        return True
    # As polygons, maybe with a score or a score and a track id.
    length = len(rows[0]) - (len(pose.tail) if TRACK in pose.tail else len(rows[0]) % 2)
    polygons = [row[:length] for row in rows]
    if length == 8 and all(map(_is_parallelogram, polygons)):
        return False
    # Nearly every polygon has its second point among the others, and its first at the edge.
    alone = [_has_unseen(row, pose.size, end) or not _is_among(row) for row in polygons]
    central = [_is_central(row, pose.size, end) for row in polygons]
    unnatural = sum(map(operator.or_, alone, central))
    return 2 * unnatural >= len(rows) or sum(alone) >= max(_FEW, _SOME * len(rows))


def _encloses(row: Numbers, size: int, end: int) -> bool:
    """Whether the box encloses all keypoints; one at (0, 0) is not visible."""
    cx, cy, w, h = row[:4]
    half_w, half_h = w / 2 + _SLACK, h / 2 + _SLACK
    points = ((row[at], row[at + 1]) for at in range(4, end, size))
    return all(
        (abs(x - cx) <= half_w and abs(y - cy) <= half_h) or (x == 0 and y == 0)
        for x, y in points
    )  # fmt: skip


def _has_unseen(row: Numbers, size: int, end: int) -> bool:
    """Whether a keypoint is at (0, 0), far from the box: it is not visible."""
    cx, cy, w, h = row[:4]
    is_far = cx - w / 2 > _SLACK or cy - h / 2 > _SLACK
    return is_far and any(row[at] == row[at + 1] == 0 for at in range(4, end, size))


def _is_among(row: Numbers) -> bool:
    """Whether the second point is beside the others; a size is as large as it is far from 0."""
    x, y = row[2:4]
    left, right, top, bottom = _extent((row[0], *row[4::2]), (row[1], *row[5::2]))
    wide, high = right - left, bottom - top
    return left - wide <= x <= right + wide and top - high <= y <= bottom + high


def _is_central(row: Numbers, size: int, end: int) -> bool:
    """Whether the first point is amid the keypoints, as a centre is and a vertex is not."""
    left, right, top, bottom = _extent((row[0], *row[4:end:size]), (row[1], *row[5:end:size]))
    wide, high = right - left, bottom - top
    return (
        abs(row[0] - (left + right) / 2) < wide / 4 and abs(row[1] - (top + bottom) / 2) < high / 4
    )


def _extent(xs: Numbers, ys: Numbers) -> tuple[float, float, float, float]:
    return min(xs), max(xs), min(ys), max(ys)
