"""Boxes that stand in one cell of a table, as Kaggle's do.

[10, 20, 30, 40]    [[10, 20, 30, 40], [1, 2, 3, 4]]    [{'x': 10, 'y': 20, 'w': 30, 'h': 40}]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["corners", "corner and size", "centre and size"]

_NOTHING = {"", "nan", "none", "null", "na"}
_GROUP = re.compile(r"[\[({]([^\[\](){}]*)[\])}]")
_KEYED = re.compile(r"""(?<!\w)['"]?([A-Za-z_]\w*)['"]?\s*:\s*(['"]?)([^'",]*)\2\s*(?:,|$)""")


def is_nothing(cell: str) -> bool:
    """Whether a cell says that there is no box, as ``[]`` does."""
    if cell[:1].isdecimal():
        return False
    return cell.strip("[](){} \t\r\n").lower() in _NOTHING


def is_keyed(cell: str) -> bool:
    """Whether the numbers of a cell have names."""
    return "{" in cell and ":" in cell


def groups_of(
    cell: str, sides_of: Callable[[Mapping[str, int]], tuple[tuple[int, ...], Form] | None]
) -> list[Sequence[str]]:
    """The numbers of each box in a cell; those that have names are made a corner and a size.

    Args:
        cell: with one box or more.
        sides_of: which of the named numbers are the box's, and in which form.

    Raises:
        ValueError: their names are not those of a box.
    """
    groups = [own for own in _GROUP.findall(cell) if own.strip()] or [cell.strip("[](){} \t\r\n")]
    if not is_keyed(cell):
        return [re.split(r"[,\s]+", own.strip()) for own in groups]
    return [_of_keys(own, sides_of) for own in groups]


def _of_keys(
    text: str, sides_of: Callable[[Mapping[str, int]], tuple[tuple[int, ...], Form] | None]
) -> Sequence[str]:
    found = [(key, value.strip()) for key, _, value in _KEYED.findall(text)]
    sides = sides_of({key.lower().replace("_", ""): at for at, (key, _) in enumerate(found)})
    if sides is None or len(found) > len(sides[0]):
        names = ", ".join(key for key, _ in found[:8])
        raise ValueError(f"expected x, y, width and height of a box, got {names or text[:40]!r}")
    a, b, c, d = (found[at][1] for at in sides[0])
    if sides[1] == "corner and size":
        return a, b, c, d
    x, y, right, low = map(float, (a, b, c, d))
    if sides[1] == "corners":
        return [*map(repr, (x, y, right - x, low - y))]
    return [*map(repr, (x - right / 2, y - low / 2, right, low))]
