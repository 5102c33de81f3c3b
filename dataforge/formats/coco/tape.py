"""The encoded entries of a list: one after the other, in memory or on disk."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from operator import lt

import msgspec

from dataforge.io import Spool

_BLOCK = 8 * 2**20
"""Bytes that are read from the disk together."""

_LOT = 32 * 2**20
"""Bytes of entries in a new order that are put together in memory."""

Bounds = Sequence[tuple[int, int]]
"""Start and end of parts of an order."""


class Tape:
    """Entries, encoded, with a comma between two of them.

    The first block stays in memory; all are on disk if there are more of them.
    """

    def __init__(self) -> None:
        self._ends = array("Q", [0])  # of each entry, with a comma
        self._first = b""
        self._spool: Spool | None = None

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, entries: Sequence[msgspec.Raw]) -> None:
        """Append entries."""
        if not entries:
            return
        data = b",".join(entries)
        if self._spool is None and len(self):
            self._spool = Spool()
            self._spool.put(self._first)
            self._first = b""
        if self._spool is None:
            self._first = data + b","
        else:
            self._spool.put(data + b",")
        sizes = (len(memoryview(entry)) + 1 for entry in entries)
        self._ends.extend(accumulate(sizes, initial=self._ends.pop()))

    def size(self, indices: Sequence[int]) -> int:
        """Bytes of some entries, without commas."""
        ends = self._ends
        return sum(ends[end] - ends[start] - (end - start) for start, end in _runs(indices))

    def entries(self, start: int, end: int) -> bytes:
        """Entries from one index to another, with commas between them."""
        first, last = self._ends[start], self._ends[end] - 1
        if last <= first:
            return b""
        if self._spool is None:
            return self._first[first:last]
        return self._spool.get((first, last - first))

    def picked(self, indices: Sequence[int]) -> bytes:
        """Entries with these indices, with commas between them; quick if most are neighbours."""
        return b",".join([self.entries(start, end) for start, end in _runs(indices)])

    def gathered(self, order: Sequence[int], parts: Bounds) -> Iterator[bytes]:
        """The entries of each part of an order, with commas between them.

        The disk is read and written one block after the other, whatever the order is.

        Args:
            order: indices.
            parts: all of it, without gaps.
        """
        if self._spool is None or all(map(lt, order, islice(order, 1, None))):
            for start, end in parts:
                yield self.picked(order[start:end])
            return
        lots = self._lots(order, parts)
        spool = Spool()
        try:
            places = self._dealt(order, parts, lots, spool)
            for (first, last), own in zip(lots, places, strict=True):
                data = b",".join(map(spool.get, own))
                entries = self._apart(sorted(order[parts[first][0] : parts[last - 1][1]]), data)
                for start, end in parts[first:last]:
                    yield b",".join([entries[index] for index in order[start:end]])
        finally:
            spool.close()

    def _lots(self, order: Sequence[int], parts: Bounds) -> list[tuple[int, int]]:
        """Start and end of parts that are put together in memory."""
        lots, first, size = [], 0, 0
        for number, (start, end) in enumerate(parts, 1):
            size += self.size(order[start:end])
            if size >= _LOT or number == len(parts):
                lots.append((first, number))
                first, size = number, 0
        return lots

    def _dealt(
        self, order: Sequence[int], parts: Bounds, lots: Bounds, spool: Spool
    ) -> list[list[tuple[int, int]]]:
        """Where the entries of each lot are in a spool, in the order of this tape."""
        lot_of = array("i", [-1]) * len(self)
        for number, (first, last) in enumerate(lots):
            for index in order[parts[first][0] : parts[last - 1][1]]:
                lot_of[index] = number
        places: list[list[tuple[int, int]]] = [[] for _ in lots]
        ends = self._ends
        for start, end in self._blocks():
            data, base = self.entries(start, end), ends[start]
            own: dict[int, list[bytes]] = defaultdict(list)
            for index in range(start, end):
                own[lot_of[index]].append(data[ends[index] - base : ends[index + 1] - 1 - base])
            for lot, entries in own.items():
                if lot >= 0:
                    places[lot].append(spool.put(b",".join(entries)))
        return places

    def _blocks(self) -> Iterator[tuple[int, int]]:
        start = 0
        while start < len(self):
            end = bisect_left(self._ends, self._ends[start] + _BLOCK, start + 1, len(self))
            yield start, end
            start = end

    def _apart(self, indices: Sequence[int], data: bytes) -> dict[int, bytes]:
        """Index -> its entry, of entries with commas between them."""
        found, at = {}, 0
        for index in indices:
            size = self._ends[index + 1] - self._ends[index] - 1
            found[index] = data[at : at + size]
            at += size + 1
        return found

    def close(self) -> None:
        """Free the disk space."""
        if self._spool is not None:
            self._spool.close()


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Start and end of neighbours."""
    if isinstance(indices, range):
        yield indices.start, indices.stop
        return
    start = end = -1
    for index in indices:
        if index != end:
            if end > start:
                yield start, end
            start = index
        end = index + 1
    if end > start:
        yield start, end
