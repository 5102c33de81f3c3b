"""A curve as a line of characters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.:-=+*#"
"""The same levels, for terminals and files that cannot hold blocks."""
NO_NUMBER = "x"


def sparkline(values: Sequence[float], width: int, levels: str = BLOCKS) -> str:
    """Values as characters of different height, the means of `width` parts at most.

    A part in which a value is no number is an ``x``.

    >>> sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, ASCII)
    '_.:-=+*#'
    >>> sparkline([4, 4, float("nan"), 0, 2], 5)
    '██x▁▅'

    Args:
        values: in the order of time.
        width: characters at most.
        levels: characters, from low to high.
    """
    parts = [*_parts(values, width)]
    finite = [part for part in parts if part is not None]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    line = ""
    for part in parts:
        if part is None:
            line += NO_NUMBER
        elif high / 2 == low / 2:  # halves, as a difference may be infinite
            line += levels[len(levels) // 2 - 1]
        else:
            height = (part / 2 - low / 2) / (high / 2 - low / 2)
            line += levels[round(height * (len(levels) - 1))]
    return line


def _parts(values: Sequence[float], width: int) -> Iterator[float | None]:
    """The mean of each part; None where a value is no number."""
    count = min(width, len(values))
    for i in range(count):
        part = values[i * len(values) // count : (i + 1) * len(values) // count]
        if all(map(math.isfinite, part)):
            yield sum(value / len(part) for value in part)
        else:
            yield None
