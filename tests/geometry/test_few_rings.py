"""A few rings are measured without numpy, and to the last bit as with it."""

from __future__ import annotations

import math
import random
import sys

import numpy as np
import pytest

from dataforge.geometry.many import measured, measured_alone
from dataforge.records import Ring

FAR = 2.0**24
COUNTS = (3, 4, 7, 8, 9, 10, 16, 17, 25, 127, 128, 129, 130, 137, 138, 257, 258, 300, 600)


def around(rng: random.Random, count: int, size: float) -> Ring:
    """A star-shaped outline."""
    x, y = rng.uniform(0, size), rng.uniform(0, size)
    radii = [rng.uniform(0.2, 1) * size for _ in range(count)]
    turns = [2 * math.pi * at / count for at in range(count)]
    points = [(x + r * math.cos(t), y + r * math.sin(t)) for r, t in zip(radii, turns, strict=True)]
    return tuple(value for point in points for value in point)


@pytest.mark.parametrize("count", COUNTS)
def test_every_number_is_that_of_numpy(count: int) -> None:
    rng = random.Random(count)
    rings = [around(rng, count, size) for size in (1, 700, 1e6)]
    rings += [tuple(rng.uniform(-9, 9) for _ in range(2 * count)) for _ in range(3)]
    rings += [tuple(float(rng.randint(0, 3)) for _ in range(2 * count)) for _ in range(3)]
    assert np.__name__ in sys.modules  # so that it measures
    expected = [*zip(*measured(rings, FAR), strict=True)]
    assert [measured_alone(ring, FAR) for ring in rings] == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 2 * FAR])
def test_odd_numbers_are_left_to_numpy(value: float) -> None:
    assert measured_alone((0.0, 0.0, 4.0, 0.0, 4.0, value), FAR) is None


def test_few_rings_do_not_import_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    rings = [(0.0, 0.0, 4.0, 0.0, 4.0, 3.0), (1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0, 1.0)]
    expected = measured(rings, FAR)
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    assert measured(rings, FAR) == expected
    assert expected.areas == [6.0, 16.0]
    assert "numpy" not in sys.modules
