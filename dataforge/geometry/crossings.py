"""Whether a ring touches itself: a sweep line (Shamos and Hoey), exact, in O(n log n)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

_Point: TypeAlias = tuple[int, int]

_BLOCK = 512
"""Most edges in a list of the sweep line; in a single list, each that comes moves all others."""


def touches_itself(points: Sequence[tuple[float, float]]) -> bool:
    """Whether two edges of a ring that are not neighbours have a point in common.

    Args:
        points: of the ring, each unlike the one before.
    """
    if len(points) < 4:
        return False
    if len(set(points)) < len(points):
        return True
    whole = _whole(points)
    edges = [
        _edge(i, a, b) for i, (a, b) in enumerate(zip(whole, whole[1:] + whole[:1], strict=True))
    ]
    sweep = _SweepLine(len(edges))
    # The line moves to the right, and on the line upwards; no two points are the same.
    return any(
        sweep.meets(whole[i], [edges[i - 1], edges[i]])
        for i in sorted(range(len(whole)), key=whole.__getitem__)
    )


def _whole(points: Sequence[tuple[float, float]]) -> list[_Point]:
    """The points times the power of two that makes all coordinates integers: no rounding."""
    ratios = [(x.as_integer_ratio(), y.as_integer_ratio()) for x, y in points]
    scale = max(max(x[1], y[1]) for x, y in ratios)
    return [(x[0] * (scale // x[1]), y[0] * (scale // y[1])) for x, y in ratios]


class _Edge(NamedTuple):
    """An edge from its left end, which is the lower one if it is vertical.

    Attributes:
        number: its place in the ring.
        x, y: the left end.
        dx, dy: from there to the right end.
        right: the right end.
    """

    number: int
    x: int
    y: int
    dx: int
    dy: int
    right: _Point


def _edge(number: int, a: _Point, b: _Point) -> _Edge:
    left, right = min(a, b), max(a, b)
    return _Edge(number, *left, right[0] - left[0], right[1] - left[1], right)


def _side(edge: _Edge, point: _Point) -> int:
    """Positive if the point is above the line through the edge, 0 if it is on it."""
    return edge.dx * (point[1] - edge.y) - edge.dy * (point[0] - edge.x)


class _SweepLine:
    """The edges that cross the sweep line, from below; as long as none meet, their order is fixed.

    Args:
        count: number of edges of the ring.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._blocks: list[list[_Edge]] = [[]]

    def meets(self, point: _Point, ends: Sequence[_Edge]) -> bool:
        """Move the line to the next point; whether edges are found that meet.

        Args:
            point: of the ring.
            ends: the two edges at it.
        """
        starting = [edge for edge in ends if edge.right != point]
        at = self._find(point)
        for _ in range(2 - len(starting)):
            found = self._at(*at)
            if found not in ends:  # another edge passes through the point
                return True
            at = self._remove(*at)
        below, above = self._before(*at), self._at(*at)
        if above and _side(above, point) == 0:
            return True
        if len(starting) == 2:
            turn = starting[0].dx * starting[1].dy - starting[0].dy * starting[1].dx
            if turn == 0:  # back over itself: the next edge starts on this one
                return True
            if turn < 0:
                starting.reverse()
        self._insert(*at, starting)
        if not starting:
            return self._meet(below, above)
        return self._meet(below, starting[0]) or self._meet(starting[-1], above)

    def _meet(self, a: _Edge | None, b: _Edge | None) -> bool:
        """Whether two edges have a point in common, other than neighbours at their vertex."""
        if a is None or b is None or abs(a.number - b.number) in (1, self._count - 1):
            return False
        sides = _side(a, (b.x, b.y)), _side(a, b.right), _side(b, (a.x, a.y)), _side(b, a.right)
        if not any(sides):  # on one line
            return max((a.x, a.y), (b.x, b.y)) <= min(a.right, b.right)
        return min(sides[:2]) <= 0 <= max(sides[:2]) and min(sides[2:]) <= 0 <= max(sides[2:])

    # Places in the order: (block, place in the block).

    def _find(self, point: _Point) -> tuple[int, int]:
        """The place of the lowest edge that is not below the point."""
        last = len(self._blocks) - 1
        block = bisect_left(
            self._blocks, x=True, hi=last, key=lambda edges: _side(edges[-1], point) <= 0
        )
        edges = self._blocks[block]
        return self._place(block, bisect_left(edges, x=True, key=lambda e: _side(e, point) <= 0))

    def _place(self, block: int, at: int) -> tuple[int, int]:
        """The same place, at the start of a block rather than at the end of the one before."""
        past = at == len(self._blocks[block]) and block + 1 < len(self._blocks)
        return (block + 1, 0) if past else (block, at)

    def _at(self, block: int, at: int) -> _Edge | None:
        edges = self._blocks[block]
        return edges[at] if at < len(edges) else None

    def _before(self, block: int, at: int) -> _Edge | None:
        if at:
            return self._blocks[block][at - 1]
        return self._blocks[block - 1][-1] if block else None

    def _remove(self, block: int, at: int) -> tuple[int, int]:
        """Remove an edge; returns the place of the next one."""
        del self._blocks[block][at]
        if not self._blocks[block] and len(self._blocks) > 1:
            del self._blocks[block]
            if block == len(self._blocks):
                return block - 1, len(self._blocks[block - 1])
        return self._place(block, at)

    def _insert(self, block: int, at: int, new: Sequence[_Edge]) -> None:
        edges = self._blocks[block]
        edges[at:at] = new
        if len(edges) > _BLOCK:
            self._blocks[block : block + 1] = [edges[: _BLOCK // 2], edges[_BLOCK // 2 :]]
