"""Curves as characters."""

from __future__ import annotations

import math

import pytest

from dataforge.verbs.curves import ASCII, BLOCKS, sparkline


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([], 8, ""),
        ([3], 8, "▄"),
        ([3, 3, 3], 8, "▄▄▄"),
        ([0, 7], 8, "▁█"),
        ([7, 6, 5, 4, 3, 2, 1, 0], 8, "█▇▆▅▄▃▂▁"),
        ([0, 2, 6, 8], 2, "▁█"),  # the means of two
        ([1, math.nan, 2], 8, "▁x█"),
        ([math.inf, -math.inf], 8, "xx"),
        ([0, math.nan, 5, 5], 2, "x▄"),
        ([-1e308, 1e308, 0], 8, "▁█▅"),
        ([1.7e308] * 4, 2, "▄▄"),
        ([5e-324, 0], 8, "▄▄"),  # too close for a difference
    ],
)
def test_heights(values: list[float], width: int, line: str) -> None:
    assert sparkline(values, width) == line
    assert sparkline(values, width, ASCII) == line.translate(str.maketrans(BLOCKS, ASCII))


def test_many_values_are_as_many_characters_as_there_is_room_for() -> None:
    assert len(sparkline(range(1000), 48)) == 48
    assert sparkline(range(1000), 8) == BLOCKS
    assert ASCII.isascii()
    assert len(ASCII) == len(BLOCKS)
