"""The pixels and the outline of a mask, from its runs: the size of the image costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from dataforge.geometry.masks import (
    MAX_CORNERS,
    MAX_CROP_PIXELS,
    MAX_RUNS,
    mask_box,
    require_at_most,
    rle_runs,
    without_empty,
)
from dataforge.records import Mask, Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    _Integers: TypeAlias = npt.NDArray[np.int64]

_Corner: TypeAlias = tuple[int, int]
_Steps: TypeAlias = dict[_Corner, list[_Corner]]


class _Blocks(NamedTuple):
    """Rectangles of pixels that cover a mask; each is in one column, or spans whole columns.

    Attributes:
        x0, x1: columns, from and to, exclusive.
        y0, y1: rows.
    """

    x0: _Integers
    x1: _Integers
    y0: _Integers
    y1: _Integers


def _blocks(mask: Mask) -> _Blocks:
    """The rectangles of a mask, by column and row.

    Raises:
        TooLargeError: there are too many.
    """
    import numpy as np

    require_at_most(MAX_RUNS, len(mask.counts), "characters of runs")
    height, _ = mask.size_hw
    edges = np.cumsum(without_empty(rle_runs(mask.counts) or [0]))
    stop = edges[1::2]
    start = edges[0::2][: len(stop)]
    (x0, y0), (x1, y1) = np.divmod(start, height), np.divmod(stop - 1, height)
    y1 += 1
    longer = x1 > x0  # over several columns: the first, the last, and whole ones between
    between = x1 > x0 + 1
    x0, x1, y0, y1 = (
        np.concatenate(parts)
        for parts in (
            (x0, x0[between] + 1, x1[longer]),
            (x0 + 1, x1[between], x1[longer] + 1),
            (y0, 0 * x0[between], 0 * x0[longer]),
            (np.where(longer, height, y1), 0 * x0[between] + height, y1[longer]),
        )
    )
    order = np.lexsort((y0, x0))
    return _Blocks(x0[order], x1[order], y0[order], y1[order])


def mask_crop(mask: Mask) -> tuple[npt.NDArray[np.bool_], tuple[int, int, int, int]] | None:
    """The tightest crop that contains all of a mask's pixels; None for an empty mask.

    Returns:
        The pixels, and their first and last column and row, inclusive: (x0, y0, x1, y1).

    Raises:
        TooLargeError: it has too many pixels.
    """
    import numpy as np

    left, top, right, bottom = (int(edge) for edge in mask_box(mask))
    if left >= right or top >= bottom:
        return None
    require_at_most(MAX_CROP_PIXELS, (right - left) * (bottom - top), "pixels around a mask")
    x0, x1, y0, y1 = _blocks(mask)
    changes = np.zeros((right - left, bottom - top + 1), np.int8)
    single = x1 == x0 + 1
    changes[x0[single] - left, y0[single] - top] = 1
    changes[x0[single] - left, y1[single] - top] = -1
    for first, last in zip(x0[~single] - left, x1[~single] - left, strict=True):
        changes[first:last, 0] = 1
    pixels = np.cumsum(changes[:, :-1], axis=1, dtype=np.int8).view(bool).T
    return pixels, (left, top, right - 1, bottom - 1)


def mask_rings(mask: Mask) -> tuple[Ring, ...]:
    """The outlines of a mask along the edges of its pixels, without rounding.

    Rings run clockwise in image coordinates around pixels and counter-clockwise around holes, so
    that their signed areas sum to the number of pixels. Pixels that touch only at a corner belong
    to different rings.

    Raises:
        TooLargeError: it has too many corners.
    """
    blocks = _blocks(mask)
    upper, lower = (_joined(y, blocks.x0, blocks.x1) for y in (blocks.y0, blocks.y1))
    right, left = _sides(blocks)
    require_at_most(
        MAX_CORNERS, sum(len(part[0]) for part in (upper, lower, right, left)), "corners"
    )
    steps: _Steps = {}
    for y, x0, x1 in zip(*upper, strict=True):
        steps.setdefault((x0, y), []).append((x1, y))
    for y, x0, x1 in zip(*lower, strict=True):
        steps.setdefault((x1, y), []).append((x0, y))
    for x, y0, y1 in zip(*right, strict=True):
        steps.setdefault((x, y0), []).append((x, y1))
    for x, y0, y1 in zip(*left, strict=True):
        steps.setdefault((x, y1), []).append((x, y0))
    starts = sorted(steps, key=lambda corner: (corner[1], corner[0]))
    return tuple(_walk(steps, start) for start in starts for _ in steps[start][:] if steps[start])


_Lines: TypeAlias = "tuple[list[int], list[int], list[int]]"


def _joined(y: _Integers, x0: _Integers, x1: _Integers) -> _Lines:
    """(y, x0, x1) of horizontal lines, of which those that continue each other are one."""
    import numpy as np

    order = np.lexsort((x0, y))
    y, x0, x1 = y[order], x0[order], x1[order]
    goes_on = (y[1:] == y[:-1]) & (x0[1:] == x1[:-1])
    first, last = np.append(True, ~goes_on)[: len(y)], np.append(~goes_on, True)[: len(y)]
    return y[first].tolist(), x0[first].tolist(), x1[last].tolist()


def _sides(blocks: _Blocks) -> tuple[_Lines, _Lines]:
    """(x, y0, y1) of the right and the left sides of pixels beyond which there are none."""
    import numpy as np

    count = len(blocks.x0)
    x = np.concatenate((blocks.x1, blocks.x1, blocks.x0, blocks.x0))
    y = np.concatenate((blocks.y0, blocks.y1, blocks.y0, blocks.y1))
    ones, none = np.ones(count, np.int8), np.zeros(count, np.int8)
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    # Going down along x: whether there is a pixel to the left of it, and to the right.
    before = np.cumsum(np.concatenate((ones, -ones, none, none))[order], dtype=np.int8)
    after = np.cumsum(np.concatenate((none, none, ones, -ones))[order], dtype=np.int8)
    last = np.append((x[1:] != x[:-1]) | (y[1:] != y[:-1]), True)[: len(x)]
    x, y, before, after = x[last], y[last], before[last], after[last]
    found = []
    for start in (np.flatnonzero(before > after), np.flatnonzero(after > before)):
        found.append((x[start].tolist(), y[start].tolist(), y[start + 1].tolist()))
    return found[0], found[1]


def _walk(steps: _Steps, start: _Corner) -> Ring:
    """Remove one closed ring from the steps, turning right at forks."""
    ring: list[float] = []
    here, after = start, steps[start].pop(0)
    while True:
        ring += (float(here[0]), float(here[1]))
        dx, dy = after[0] - here[0], after[1] - here[1]
        here = after
        ways = steps[here]
        # (-dy, dx) is to the right of (dx, dy); every step is horizontal or vertical.
        turns = [way for way in ways if (way[0] - here[0]) * -dy + (way[1] - here[1]) * dx > 0]
        if not turns and here == start:
            return tuple(ring)
        after = (turns or ways)[0]
        ways.remove(after)
