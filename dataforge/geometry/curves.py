"""Curves as points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

Point = tuple[float, float]

_MOST = 1000
"""Pieces of a curve."""


def curve_pieces(points: Sequence[Point], within: float) -> int:
    """How many straight pieces a cubic Bézier curve needs to be within some pixels of it.

    A curve is nowhere further from a chord over a share h of it than h² / 8 of its largest second
    derivative, which is six times the larger of two differences of its points.

    Args:
        points: begin, two control points, end.
        within: pixels.
    """
    a, b, c, d = points
    bend = max(
        math.hypot(p[0] - 2 * q[0] + r[0], p[1] - 2 * q[1] + r[1])
        for p, q, r in ((a, b, c), (b, c, d))
    )
    return min(max(math.ceil(math.sqrt(6 * bend / (8 * within))), 1), _MOST)


def curve_points(points: Sequence[Point], pieces: int) -> Iterator[Point]:
    """The ends of the straight pieces of a cubic Bézier curve; the last one is its own end.

    Args:
        points: begin, two control points, end.
        pieces: their number.
    """
    for at in range(1, pieces + 1):
        t = at / pieces
        weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        yield (
            sum(weight * point[0] for weight, point in zip(weights, points, strict=True)),
            sum(weight * point[1] for weight, point in zip(weights, points, strict=True)),
        )
