"""The values of one key in all entries of a list, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload

from dataforge.io import PackedNames

_CODES = "iq"
"""Of arrays of integers, 4 and 8 bytes each."""


class Column(Sequence[Any]):
    """Values of any kind; only integers or only strings take a tenth of the memory of others."""

    def __init__(self) -> None:
        self._held: array[int] | PackedNames | list[Any] = array(_CODES[0])

    @property
    def integers(self) -> array[int] | None:
        """All of them, if they are integers of 64 bits, and no booleans."""
        return self._held if isinstance(self._held, array) else None

    def extend(self, values: Sequence[Any]) -> None:
        """Append values."""
        kinds = {*map(type, values)}
        if not len(self._held) and kinds:
            self._held = PackedNames() if kinds == {str} else array(_CODES[0])
        held = self._held
        if isinstance(held, array):
            if kinds <= {int} and self._extend_integers(held, values):
                return
        elif not isinstance(held, PackedNames) or kinds <= {str}:
            held.extend(values)
            return
        self._held = [*held, *values]

    def _extend_integers(self, held: array[int], values: Sequence[int]) -> bool:
        for code in _CODES[_CODES.index(held.typecode) :]:
            try:
                more = array(code, values)
            except OverflowError:
                continue
            if code != held.typecode:
                held = self._held = array(code, held)
            held.extend(more)
            return True
        return False

    def __len__(self) -> int:
        return len(self._held)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        return self._held[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._held)
