"""Many names in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import overload


class PackedNames(Sequence[str]):
    """Text after text in one piece of memory: a name takes its own bytes and 8, not 60 more."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        self.extend(names)

    def extend(self, names: Iterable[str]) -> None:
        """Append names."""
        data, ends, end = self._bytes, self._ends, len(self._bytes)
        for name in names:
            own = name.encode("utf-8", "surrogatepass")
            data += own
            end += len(own)
            ends.append(end)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self._bytes[self._ends[at] : self._ends[at + 1]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for start, end in pairwise(self._ends):
            yield self._bytes[start:end].decode("utf-8", "surrogatepass")
