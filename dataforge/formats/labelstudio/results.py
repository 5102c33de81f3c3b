"""Lists of results, still encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from dataforge.findings import Place


class Results(NamedTuple):
    """A list of results.

    Attributes:
        place: of the list.
        data: the list, still encoded.
        number: of results in it.
        score: of a prediction.
        at: index of each in the list of the file; None if it is that list.
    """

    place: Place
    data: bytes
    number: int
    score: float | None = None
    at: tuple[int, ...] | None = None

    def indices(self) -> Sequence[int]:
        """Of its results, in the list of the file."""
        return range(self.number) if self.at is None else self.at

    def raw(self) -> msgspec.Raw:
        """The list."""
        return msgspec.Raw(self.data)

    def only(self, some: Sequence[tuple[int, bytes]]) -> Results:
        """The list of some of its results: (index, result)."""
        data = b"[" + b",".join(raw for _, raw in some) + b"]"
        return self._replace(data=data, number=len(some), at=tuple(index for index, _ in some))
