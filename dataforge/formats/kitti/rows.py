"""The rows of label files.

    type truncated occluded alpha  left top right bottom  h w l  x y z  rotation_y  [score]

Source: the readme of KITTI's object development kit. Boxes are pixels from 0, and the kit itself
measures them without + 1: they are edges. -1, -1, -10, -1 -1 -1, -1000 -1000 -1000 and -10 stand
for what is not known; DontCare marks regions where nothing was labelled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dataforge.formats.json_spans import number
from dataforge.io import MAX_COORDINATE
from dataforge.records import Box

DONT_CARE = "DontCare"

_COLUMNS = 14
_OCCLUDED = re.compile(r"-1|[0-3]")
_UNKNOWN: dict[str, Any] = {
    "truncated": -1.0,
    "occluded": -1,
    "alpha": -10.0,
    "dimensions": [-1.0, -1.0, -1.0],
    "location": [-1000.0, -1000.0, -1000.0],
    "rotation_y": -10.0,
}
"""Attribute -> its value where it is not known, in the order of the columns."""

_IN_3D = ("alpha", "dimensions", "location", "rotation_y")


class Row(NamedTuple):
    """A row.

    Attributes:
        label: its type.
        box: left, top, right, bottom.
        attributes: what else is known.
    """

    label: str
    box: Box
    attributes: dict[str, Any]


def parse_row(line: str) -> Row | str:
    """The row of a line, or what is wrong with it."""
    words = line.split()
    most = _numbers_at_end(words[1:])
    if most < _COLUMNS:
        return _too_few(words)
    count = _COLUMNS + _has_score(words, most)
    values = [float(word) for word in words[-count:]]
    box = (values[3], values[4], values[5], values[6])
    if far := [value for value in box if abs(value) > MAX_COORDINATE]:
        return f"expected pixels, got {far[0]!r}"
    label = line.rsplit(maxsplit=count)[0].strip()
    return Row(label, box, _attributes(values, words[-count + 1]))


def _numbers_at_end(words: Sequence[str]) -> int:
    """How many finite numbers there are at the end, as far as they matter."""
    count = 0
    for word in reversed(words[-_COLUMNS - 1 :]):
        if not _is_number(word):
            break
        count += 1
    return count


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _too_few(words: Sequence[str]) -> str:
    numbers = words[1 : _COLUMNS + 2]
    if len(words) > _COLUMNS and (odd := [word for word in numbers if not _is_number(word)]):
        return f"expected a number, got {odd[0]!r}"
    return f"expected a class name and {_COLUMNS} numbers, got {len(words)} columns"


def _has_score(words: Sequence[str], most: int) -> bool:
    """Whether the last number is a score, and not that of a class whose name ends with a number."""
    if most == _COLUMNS:
        return False
    with_score, without = words[-_COLUMNS], words[-_COLUMNS + 1]
    if _OCCLUDED.fullmatch(with_score) is None:
        return False
    return _OCCLUDED.fullmatch(without) is None or len(words) == _COLUMNS + 2


def _attributes(values: Sequence[float], occluded: str) -> dict[str, Any]:
    """The fields that are known."""
    found: dict[str, Any] = {
        "truncated": values[0],
        "occluded": int(occluded) if _OCCLUDED.fullmatch(occluded) else values[1],
        "alpha": values[2],
        "dimensions": [*values[7:10]],
        "location": [*values[10:13]],
        "rotation_y": values[13],
    }
    in_3d = values[2], *values[7:14]
    if not any(in_3d):  # as tools for boxes in images fill the columns
        for name in _IN_3D:
            del found[name]
    found = {name: value for name, value in found.items() if value != _UNKNOWN[name]}
    return found | ({"score": values[14]} if len(values) > _COLUMNS else {})


def line_of(label: str, box: Box, attributes: Mapping[str, Any]) -> str:
    """The line of an object, of whose attributes those that are `held` are written."""
    given = {name: value for name, value in attributes.items() if held(name, value)}
    known = _UNKNOWN | given
    values = [*box, *known["dimensions"], *known["location"], known["rotation_y"]]
    values += [given["score"]] if "score" in given else []
    texts = [number(float(known["truncated"])), str(int(known["occluded"]))]
    texts.append(number(float(known["alpha"])))
    for at in (0, 2):  # with a point, so that neither can be taken for `occluded`, see `_has_score`
        if _OCCLUDED.fullmatch(texts[at]) and (at or _is_number(label.split()[-1])):
            texts[at] += ".0"
    words = [label, *texts, *map(number, map(float, values))]
    return " ".join(words) + "\n"


def held(name: str, value: Any) -> bool:
    """Whether a row can store an attribute."""
    if name == "occluded":
        return value in (-1, 0, 1, 2, 3)
    if name in ("dimensions", "location"):
        return isinstance(value, list | tuple) and len(value) == 3 and all(map(_is_finite, value))
    return (name in _UNKNOWN or name == "score") and _is_finite(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < math.inf
