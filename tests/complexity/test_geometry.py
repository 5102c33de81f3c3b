"""Ten times the geometry takes at most fifteen times the processor time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dataforge import geometry
from dataforge.records import Ring


def seconds(function: Callable[[], object]) -> float:
    """Processor time, the least of three."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def zigzag(count: int, *, across: bool) -> Ring:
    """Two lines to and fro side by side, which do not touch; in one axis, all edges overlap."""
    half = count // 2
    there = [(float(i), 1000.0 * (i % 2)) for i in range(half)]
    points = [*there, *((i, y + 5000.0) for i, y in reversed(there))]
    return tuple(value for x, y in points for value in ((y, x) if across else (x, y)))


@pytest.mark.parametrize("across", [False, True])
def test_whether_an_outline_crosses_itself(across: bool) -> None:
    small, large = zigzag(1000, across=across), zigzag(10_000, across=across)
    assert geometry.is_simple(large)
    assert seconds(lambda: geometry.is_simple(large)) < 15 * seconds(
        lambda: geometry.is_simple(small)
    )
