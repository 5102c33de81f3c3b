"""Ten times the geometry takes at most fifteen times the processor time."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dataforge import geometry
from dataforge.records import Mask, Ring

pytestmark = pytest.mark.endurance

SQUARE: Ring = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)


FAR_FROM_QUADRATIC = 40.0
"""Ten times the input costs about 10 times as much where it is linear, and 100 where quadratic."""


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
    taken = seconds(lambda: geometry.is_simple(large))
    assert taken < FAR_FROM_QUADRATIC * seconds(lambda: geometry.is_simple(small))


def noise(side: int) -> Mask:
    """A mask of single pixels and small groups of them, a third of all."""
    pixels = np.random.default_rng(0).random((side, side)) < 0.3
    return geometry.mask_from_crop(pixels, 0, 0, (side, side))


def squares(count: int) -> list[Ring]:
    """Squares in rows, which do not touch."""
    return [
        geometry.box_corners((x, y, x + 4.0, y + 4.0))
        for x, y in ((10.0 * (i % 50), 10.0 * (i // 50)) for i in range(count))
    ]


WORK: list[Any] = [
    # what is measured, something small for it, and something ten times as large
    pytest.param(geometry.mask_rings, noise(60), noise(190), id="outlines of a mask"),
    pytest.param(geometry.mask_crop, noise(300), noise(950), id="pixels of a mask"),
    pytest.param(geometry.joined, squares(300), squares(3000), id="bridges between polygons"),
    pytest.param(
        geometry.joined,
        geometry.mask_rings(noise(50)),
        geometry.mask_rings(noise(158)),
        id="bridges between the parts of a mask",
    ),
    pytest.param(
        lambda rings: geometry.rasterise(rings, 700, 700), squares(300), squares(3000), id="pixels"
    ),
    pytest.param(
        lambda rings: geometry.any_overlap([geometry.ring_box(ring) for ring in rings]),
        squares(1000),
        squares(10_000),
        id="overlapping boxes",
    ),
    pytest.param(
        lambda mask: geometry.rle_runs(mask.counts), noise(300), noise(950), id="runs of a mask"
    ),
]


@pytest.mark.parametrize(("function", "small", "large"), WORK)
def test_ten_times_the_geometry(function: Callable[[Any], object], small: Any, large: Any) -> None:
    # Below 10 ms, what is measured is whether arrays fit into the caches.
    taken = seconds(lambda: function(large))
    assert taken < FAR_FROM_QUADRATIC * max(seconds(lambda: function(small)), 1e-2)


def most_memory(function: Callable[[], object]) -> int:
    """Bytes that Python and numpy held at most."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_size_of_the_image_costs_nothing() -> None:
    """Half a gigapixel, in a few runs."""
    mask = geometry.mask_from_runs([7, 2**29 - 10, 3], (2**15, 2**14))
    start = time.process_time()
    assert most_memory(lambda: geometry.mask_rings(mask)) < 2**20
    with pytest.raises(geometry.TooLargeError, match="536,870,912 pixels around a mask"):
        geometry.mask_crop(mask)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "rings",
    [
        pytest.param([SQUARE] * 20_000, id="all the same"),
        pytest.param(
            [(0.0, 0.0, i + 1.0, 0.0, 0.0, i + 1.0) for i in range(5000)], id="one corner"
        ),
        pytest.param([geometry.circle_ring(0, 0, 1e7 + i) for i in range(6)], id="in each other"),
        pytest.param(
            [tuple(x + 1e6 * far for x in geometry.circle_ring(0, 0, 1e7)) for far in range(4)],
            id="far and large",
        ),
        pytest.param(
            [(2.0**-i, 0.0, 2.0**-i, 2.0**-i, 0.0, 2.0**-i) for i in range(900)], id="deep"
        ),
    ],
)
def test_rings_that_cannot_be_joined_in_time_are_refused(rings: list[Ring]) -> None:
    start = time.process_time()
    held = most_memory(lambda: _joined_or_refused(rings))
    assert time.process_time() - start < 30
    assert held < 2**30


def _joined_or_refused(rings: list[Ring]) -> None:
    with contextlib.suppress(geometry.TooLargeError):
        geometry.joined(rings)
