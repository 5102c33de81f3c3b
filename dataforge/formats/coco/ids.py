"""The ids of a COCO file, which some tools write as numbers in one place and as text in another."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

T = TypeVar("T")


class IdTable(Generic[T]):
    """Values by id; 1, 1.0 and "1" are the same id unless the table has several of them.

    Attributes:
        exact: id as written -> value.
    """

    def __init__(self) -> None:
        self.exact: dict[Any, T] = {}
        self._lenient: dict[str, Any] | None = None  # made when it is asked for

    def set(self, number: Any, value: T) -> None:
        """Set the value of an id; an invalid id is ignored."""
        if is_id(number):
            self.exact[number] = value
            self._lenient = None

    def get(self, number: Any) -> T | None:
        """The value of an id, None if there is none."""
        if not is_id(number):
            return None
        if number in self.exact:
            return self.exact[number]
        if self._lenient is None:
            self._lenient = {}
            for known in self.exact:
                self._lenient.setdefault(_spelling(known), known)
        return self.exact.get(self._lenient.get(_spelling(number)))

    def __contains__(self, number: Any) -> bool:
        """Whether exactly this id is in the table."""
        return is_id(number) and number in self.exact


def is_id(number: Any) -> bool:
    """Whether a value can be an id."""
    return isinstance(number, (int, float, str))


def _spelling(number: float | str) -> str:
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    text = str(number).strip()
    return text.lstrip("0") or "0" if text.isdecimal() else text
