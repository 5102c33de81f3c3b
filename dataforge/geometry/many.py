"""The geometry of many rings at once, which costs a tenth of what one after the other does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, cast

from dataforge.records import Box, Ring

_FEW = 10_000
"""Numbers of rings that are measured without numpy, if nothing else has imported it."""

_BLOCK = 128
"""Numbers that numpy adds in one go."""


class Measured(NamedTuple):
    """Rings, measured.

    Attributes:
        boxes: of each ring, pixels, edges.
        areas: of each ring by the shoelace formula, px²; what it encloses if it is simple.
        simple: whether each winds once around the mean of its points, always in one direction: it
            is simple then. Rings for which this is false may be simple, too.
    """

    boxes: list[Box]
    areas: list[float]
    simple: list[bool]


def measured(rings: Sequence[Ring], most: float) -> Measured:
    """Measure rings of at least 3 points.

    The numbers of a ring do not depend on the other rings.

    Args:
        rings: to measure.
        most: a ring with a coordinate beyond this, pixels, does not count as simple.
    """
    if not rings:
        return Measured([], [], [])
    # Of a few files, importing numpy would take longer than all else.
    if "numpy" not in sys.modules and sum(map(len, rings)) <= _FEW:
        few = [measured_alone(ring, most) for ring in rings]
        found = [one for one in few if one is not None]
        if len(found) == len(rings):
            return Measured(
                [box for box, _, _ in found],
                [area for _, area, _ in found],
                [is_simple for _, _, is_simple in found],
            )
    import numpy as np

    counts = np.fromiter(map(len, rings), np.intp, len(rings)) // 2
    values = np.fromiter(chain.from_iterable(rings), np.float64, 2 * int(counts.sum()))
    ends = np.cumsum(counts)
    first = ends - counts
    before = np.arange(-1, len(values) // 2 - 1)
    before[first] = ends - 1  # the point before the first is the last
    with np.errstate(all="ignore"):  # numbers beyond any image are for others to find
        low = np.minimum.reduceat(values.reshape(-1, 2), first)
        high = np.maximum.reduceat(values.reshape(-1, 2), first)
        x, y = values[0::2], values[1::2]
        # Relative to the first point: large offsets would reduce the precision of the products.
        bx, by = x - np.repeat(x[first], counts), y - np.repeat(y[first], counts)
        areas = np.abs(np.add.reduceat(bx[before] * by - bx * by[before], first)) / 2
        mean_x = np.add.reduceat(x, first) / counts
        mean_y = np.add.reduceat(y, first) / counts
        qx, qy = x - np.repeat(mean_x, counts), y - np.repeat(mean_y, counts)
        cross = qx[before] * qy - qx * qy[before]
        one_way = (np.minimum.reduceat(cross, first) > 0) | (np.maximum.reduceat(cross, first) < 0)
        # Every step turns in the same direction by less than half a turn, so the number of upward
        # crossings of y = 0 is the winding number: one, or the ring crosses itself.
        below = qy < 0
        turns = np.add.reduceat((below != below[before]).astype(np.intp), first)
        near = (low.min(axis=1) >= -most) & (high.max(axis=1) <= most)
    boxes = cast("list[Box]", list(map(tuple, np.hstack((low, high)).tolist())))
    return Measured(boxes, areas.tolist(), (one_way & (turns == 2) & near).tolist())


def measured_alone(ring: Ring, most: float) -> tuple[Box, float, bool] | None:
    """What `measured` says of a ring, to the last bit, without numpy; None if it is not usual.

    Args:
        ring, most: see `measured`.
    """
    if not all(-most <= value <= most for value in ring) or "-0.0" in map(repr, ring):
        return None  # numpy knows what a minimum of NaN or of two zeros is
    xs, ys = ring[0::2], ring[1::2]
    x0, y0, count = xs[0], ys[0], len(xs)
    bx, by = [x - x0 for x in xs], [y - y0 for y in ys]
    twice = _added([bx[k - 1] * by[k] - bx[k] * by[k - 1] for k in range(count)])
    mean_x, mean_y = _added(xs) / count, _added(ys) / count
    qx, qy = [x - mean_x for x in xs], [y - mean_y for y in ys]
    cross = [qx[k - 1] * qy[k] - qx[k] * qy[k - 1] for k in range(count)]
    one_way = min(cross) > 0 or max(cross) < 0
    turns = sum((qy[k - 1] < 0) != (qy[k] < 0) for k in range(count))
    return (min(xs), min(ys), max(xs), max(ys)), abs(twice) / 2, one_way and turns == 2


def _added(values: Sequence[float]) -> float:
    """The sum as `numpy.add.reduceat` rounds it: the first number, and the sum of the others."""
    return values[0] + _in_pairs(values, 1, len(values)) if len(values) > 1 else values[0]


def _in_pairs(values: Sequence[float], start: int, stop: int) -> float:
    """The sum of numbers by numpy's pairwise summation."""
    number = stop - start
    if number < 8:
        total = 0.0
        for value in values[start:stop]:
            total += value
        return total
    if number > _BLOCK:
        half = number // 2
        half -= half % 8
        middle = start + half
        return _in_pairs(values, start, middle) + _in_pairs(values, middle, stop)
    even = stop - number % 8
    sums = list(values[start : start + 8])
    for at in range(start + 8, even, 8):
        sums = [one + other for one, other in zip(sums, values[at : at + 8], strict=True)]
    a, b, c, d, e, f, g, h = sums
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for value in values[even:stop]:
        total += value
    return total
