"""The rows of WIDER FACE and of RetinaFace.

    x y w h blur expression illumination invalid occlusion pose
    x y w h  (x y mark of left eye, right eye, nose, left and right corner of the mouth)  blur

Source of the first: the readme of wider_face_split. Source of the second: the reader of RetinaFace
in InsightFace; marks are 0 for visible, 1 for hidden, -1 (with x and y) for not labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dataforge.formats.listed import fault_of
from dataforge.records import Box, Keypoints

POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""The landmarks, in the order of the columns."""

_ATTRIBUTES = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_LANDMARKS = 3 * len(POINTS)


class Row(NamedTuple):
    """A row.

    Attributes:
        box: edges, pixels; in the order as written.
        is_invalid: whether it is marked as no face to be found.
        attributes: the others that are given.
        keypoints: the landmarks; empty if none is labelled.
    """

    box: Box
    is_invalid: bool
    attributes: dict[str, Any]
    keypoints: Keypoints


def parse_row(line: str, *, has_landmarks: bool) -> Row | str:
    """The row of a line, or what is wrong with it.

    Args:
        line: the line.
        has_landmarks: whether it is one of RetinaFace's.
    """
    words = line.split()
    fits = (4, 4 + _LANDMARKS, 5 + _LANDMARKS) if has_landmarks else (4, 10)
    if len(words) not in fits:
        return f"expected {' or '.join(map(str, fits))} numbers, got {len(words)} columns"
    try:
        numbers = [*map(float, words)]
    except ValueError as error:
        return str(error).replace("could not convert string to float", "expected a number, got")
    x, y, width, height, *rest = numbers
    box = (x, y, x + width, y + height)
    if fault := fault_of((*numbers, *box)):
        return fault
    if not has_landmarks:
        found = dict(zip(_ATTRIBUTES, map(_plain, rest), strict=False))
        return Row(box, bool(found.pop("invalid", 0)), found, ())
    blur = {"blur": _plain(rest[_LANDMARKS])} if len(rest) > _LANDMARKS else {}
    return Row(box, False, blur, _keypoints(rest[:_LANDMARKS]))


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


def _keypoints(numbers: Sequence[float]) -> Keypoints:
    found: list[float] = []
    for at in range(0, len(numbers), 3):
        x, y, mark = numbers[at : at + 3]
        found += (0, 0, 0) if mark < 0 or (x == y == -1) else (x, y, 1 if mark else 2)
    return tuple(found) if any(found) else ()
