"""The geometry of many rings at once, which costs a tenth of what one after the other does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, cast

from dataforge.records import Box, Ring


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
