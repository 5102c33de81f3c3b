"""Joins several rings into one by bridges, the shortest that there are.

The bridges are those that Prim's algorithm takes, from the first ring on: a minimum spanning tree
of the rings. It is given only pairs of points that may be a bridge: of all pairs of two groups of
rings that shorter bridges connect, the shortest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from dataforge.geometry.masks import MAX_CORNERS, require_at_most
from dataforge.geometry.rings import points_of, without_repeats
from dataforge.records import Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    _Floats: TypeAlias = npt.NDArray[np.float64]
    _Integers: TypeAlias = npt.NDArray[np.int64]

_Point: TypeAlias = tuple[float, float]

MAX_DISTANCES = 2**27
"""Maximum number of pairs of points that are compared, which takes 10 s."""

MAX_CLUMPS = 2**22
"""Maximum number of pairs of clumps of points, see `_Search`, that are compared."""

_CELLS = 2
"""Cells in which points are sorted, along the length that is looked at."""

_LEAST_REACH = 1e-6
"""Pixels; points are not told apart below this until they are compared."""

_AT_ONCE = 2**18
"""Pairs of points in memory at once."""


def joined(rings: Sequence[Ring]) -> Ring:
    """Join several rings into one, connected by the shortest bridges.

    The ring traverses each bridge once in each direction, so a bridge encloses nothing: the
    signed area is the sum of the rings' areas.

    Raises:
        TooLargeError: the rings have too many points, or too many that are about as far apart.
    """
    require_at_most(MAX_CORNERS, sum(map(len, rings)) // 2, "points to be joined")
    parts = [points_of(ring) for ring in rings]
    merged = _Chain(parts[0])
    for number, start, end in _bridges(parts):
        part = parts[number]
        turn = part.index(end)
        merged.insert(start, [*part[turn:], *part[: turn + 1], start])
    return tuple(value for point in without_repeats(merged.points()) for value in point)


class _Chain:
    """Points in order, in lists of limited length, so that inserting does not move all of them."""

    _LIMIT = 1024

    def __init__(self, points: Sequence[_Point]) -> None:
        self._lists: list[_Points] = []
        self._of: dict[_Point, set[_Points]] = {}
        self._put(0, points)

    def points(self) -> list[_Point]:
        """All of them."""
        return list(chain.from_iterable(part.points for part in self._lists))

    def insert(self, after: _Point, points: Sequence[_Point]) -> None:
        """Insert points after the first place where another one is."""
        places = [*map(self._lists.index, self._of[after])]
        part = self._lists[min(places)]
        at = part.points.index(after) + 1
        if len(part.points) + len(points) <= self._LIMIT:
            part.points[at:at] = points
            for point in points:
                self._of.setdefault(point, set()).add(part)
            return
        for point in part.points:
            self._of[point].discard(part)
        del self._lists[min(places)]
        self._put(min(places), [*part.points[:at], *points, *part.points[at:]])

    def _put(self, at: int, points: Sequence[_Point]) -> None:
        half = self._LIMIT // 2
        new = [_Points(points[first : first + half]) for first in range(0, len(points), half)]
        self._lists[at:at] = new
        for part in new:
            for point in part.points:
                self._of.setdefault(point, set()).add(part)


class _Points:
    """Some points; equal only to itself."""

    def __init__(self, points: Sequence[_Point]) -> None:
        self.points = [*points]


def _bridges(parts: Sequence[Sequence[_Point]]) -> Iterator[tuple[int, _Point, _Point]]:
    """(number of a ring, point of the rings before it, point of this ring), as they are joined.

    Of bridges of the same length, that to the first ring; of those, that from the smallest point;
    between two rings, the first by their points.
    """
    import numpy as np

    xy = np.array([*chain.from_iterable(parts)], dtype=float)
    ring = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    first = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    ways: list[dict[int, tuple[float, int, int]]] = [{} for _ in parts]
    for p, q, length in _candidates(xy, ring):
        for a, b in ((p, q), (q, p)):
            way = length, a, b
            of, to = ways[int(ring[a])], int(ring[b])
            of[to] = min(of.get(to, way), way)
    heap: list[tuple[float, int, _Point, _Point]] = []
    left = set(range(1, len(parts)))
    number = 0
    while left:
        for to, (length, a, b) in ways[number].items():
            if to in left:
                start, end = parts[number][a - first[number]], parts[to][b - first[to]]
                heappush(heap, (length, to, start, end))
        while (nearest := heappop(heap))[1] not in left:
            pass
        _, number, start, end = nearest
        left.remove(number)
        yield number, start, end


def _candidates(xy: _Floats, ring: _Integers) -> Iterator[tuple[int, int, float]]:
    """(point, point of another ring, squared length) of all pairs that may be a bridge."""
    import numpy as np

    if len(xy) ** 2 <= _AT_ONCE:
        yield from _all_candidates(xy, ring)
        return
    group = np.arange(int(ring[-1]) + 1)  # ring -> group of rings that are connected
    reach = max(float(np.ptp(xy, axis=0).max()) / len(xy), _LEAST_REACH)
    work = bridges = 0
    while group.any():
        search = _Search(xy, group[ring], reach, MAX_DISTANCES - work)
        p, q, lengths = search.shortest()
        work += search.work
        bridges += len(p)
        require_at_most(8 * len(xy) + 2**16, bridges, "shortest bridges")
        yield from zip(p.tolist(), q.tolist(), lengths.tolist(), strict=True)
        group = _united(group, ring[p], ring[q])
        reach *= 2


def _all_candidates(xy: _Floats, ring: _Integers) -> Iterator[tuple[int, int, float]]:
    """The same of few points, all of which are compared."""
    import numpy as np

    count = int(ring[-1]) + 1
    p, q = np.nonzero(ring[:, None] < ring)
    lengths = ((xy[p] - xy[q]) ** 2).sum(axis=1)
    pair = ring[p] * count + ring[q]
    best = np.full(count**2, np.inf)
    np.minimum.at(best, pair, lengths)
    kept = lengths == best[pair]
    yield from zip(p[kept].tolist(), q[kept].tolist(), lengths[kept].tolist(), strict=True)


def _united(group: _Integers, a: _Integers, b: _Integers) -> _Integers:
    """The groups of rings after these rings are connected; each is called by its first ring."""
    import numpy as np

    group = group.copy()
    while (group[a] != group[b]).any():
        low, high = np.minimum(group[a], group[b]), np.maximum(group[a], group[b])
        np.minimum.at(group, high, low)
        while (group[group] != group).any():
            group = group[group]
    return group


class _Search:
    """Looks for the shortest lines between groups of points, up to a length.

    Args:
        xy: the points.
        group: of each point.
        reach: the length.
        most: number of pairs of points that may be compared.

    Attributes:
        work: number of pairs that were.
    """

    def __init__(self, xy: _Floats, group: _Integers, reach: float, most: int) -> None:
        import numpy as np

        self._limit = reach**2
        self._most = most
        self.work = 0
        column, row = ((xy - xy.min(axis=0)) // (reach / _CELLS)).astype(np.int64).T
        self._stride = int(row.max()) + 2 * _CELLS + 1
        cell = column * self._stride + row
        self._order = np.lexsort((group, cell))
        self._xy, cell, group = xy[self._order], cell[self._order], group[self._order]
        # The points of one group in one cell are a clump.
        self._start = _starts(cell, group)
        self._size = np.diff(np.append(self._start, len(cell)))
        self._group = group[self._start]
        self._low = np.minimum.reduceat(self._xy, self._start)
        self._high = np.maximum.reduceat(self._xy, self._start)
        self._cell = cell[self._start]

    def shortest(self) -> tuple[_Integers, _Integers, _Floats]:
        """(point, other point, squared length) of all the shortest lines of each two groups."""
        import numpy as np

        a, b = self._clumps()
        groups = np.sort(np.stack((self._group[a], self._group[b])), axis=0)
        _, of = np.unique(groups[0] * len(self._xy) + groups[1], return_inverse=True)
        best = np.full(len(a), self._limit)
        np.minimum.at(best, of, self._lengths(self._start[a], self._start[b]))
        gap = np.maximum(
            0, np.maximum(self._low[a], self._low[b]) - np.minimum(self._high[a], self._high[b])
        )
        nearest = (gap**2).sum(axis=1)
        order = np.argsort(nearest, kind="stable")
        found: list[Any] = []
        sizes = self._size[a] * self._size[b]
        for some in np.array_split(order, max(1, int(sizes.sum()) // _AT_ONCE)):
            some = some[nearest[some] <= best[of[some]]]
            both = _Product(
                self._start[a[some]], self._size[a[some]], self._start[b[some]], self._size[b[some]]
            )
            self._require(both.total)
            for which, p, q in both.pairs():
                pair, lengths = of[some][which], self._lengths(p, q)
                np.minimum.at(best, pair, lengths)
                kept = lengths <= best[pair]
                found.append((pair[kept], p[kept], q[kept], lengths[kept]))
        if not found:
            none = np.zeros(0, np.int64)
            return none, none, np.zeros(0)
        pair, p, q, lengths = map(np.concatenate, zip(*found, strict=True))
        kept = lengths == best[pair]
        return self._order[p[kept]], self._order[q[kept]], lengths[kept]

    def _lengths(self, p: _Integers, q: _Integers) -> _Floats:
        squares: _Floats = ((self._xy[p] - self._xy[q]) ** 2).sum(axis=1)
        return squares

    def _clumps(self) -> tuple[_Integers, _Integers]:
        """Pairs of clumps of different groups in cells that are near."""
        import numpy as np

        first = _starts(self._cell)
        cells = self._cell[first]
        counts = np.diff(np.append(first, len(self._cell)))
        pairs, clumps = [], 0
        for across in range(_CELLS + 1):
            for down in range(-_CELLS if across else 0, _CELLS + 1):
                other = cells + across * self._stride + down
                at = np.minimum(np.searchsorted(cells, other), len(cells) - 1)
                (here,) = np.nonzero(cells[at] == other)
                there = at[here]
                both = _Product(first[here], counts[here], first[there], counts[there])
                self._require(both.total)
                for _, a, b in both.pairs():
                    kept = (self._group[a] != self._group[b]) & (a < b)
                    pairs.append((a[kept], b[kept]))
                    clumps += len(pairs[-1][0])
                    require_at_most(MAX_CLUMPS, clumps, "parts near each other")
        a, b = map(np.concatenate, zip(*pairs, strict=True))
        return a, b

    def _require(self, work: int) -> None:
        self.work += work
        require_at_most(self._most, self.work, "distances between parts")


def _starts(*keys: _Integers) -> _Integers:
    """Where a row of sorted keys differs from the one before."""
    import numpy as np

    changes = np.zeros(len(keys[0]), bool)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


class _Product:
    """All pairs of the members of ranges: of each, those of one with those of another.

    Args:
        start, size: of the first ranges.
        other, others: start and size of the second ones.
    """

    def __init__(
        self, start: _Integers, size: _Integers, other: _Integers, others: _Integers
    ) -> None:
        import numpy as np

        self._ranges = start, other, others
        self._before = np.concatenate(([0], np.cumsum(size * others)))
        self.total = int(self._before[-1])

    def pairs(self) -> Iterator[tuple[_Integers, _Integers, _Integers]]:
        """(number of the range, member, other member) of all the pairs, some at once."""
        import numpy as np

        for at in range(0, self.total, _AT_ONCE):
            pairs = np.arange(at, min(at + _AT_ONCE, self.total))
            which = np.searchsorted(self._before, pairs, side="right") - 1
            start, other, others = (values[which] for values in self._ranges)
            member, other_member = np.divmod(pairs - self._before[which], others)
            yield which, start + member, other + other_member
