"""Files that list classes beside tables of boxes.

OpenImages has ``/m/011k07,Tortoise``, the name of each LabelName; RetinaNet has ``cat,0``, the
number of each class. Both have two columns and no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from dataforge.formats.table_rows import delimiter_of, rows_of

_KEY = re.compile(r"/[a-z]/[0-9a-z_]+", re.IGNORECASE)
_MOST = 100_000


class ClassNames(msgspec.Struct):
    """What files of classes say.

    Attributes:
        names: LabelName -> name.
        order: classes in the order of their numbers.
    """

    names: dict[str, str] = {}
    order: tuple[str, ...] = ()

    def take(self, other: ClassNames) -> None:
        """Add what another file says."""
        self.names |= other.names
        self.order = self.order or other.order


def class_names(text: str) -> ClassNames | None:
    """What a file of classes says; None if it is something else."""
    first = text[:4096].splitlines()[:1]
    delimiter = delimiter_of(first)
    rows: list[Sequence[str]] = []
    for _, _, _, columns in rows_of(text, delimiter):
        if columns is None or len(columns) != 2 or delimiter == " " or len(rows) >= _MOST:
            return None
        rows.append([cell.strip() for cell in columns])
    if not rows:
        return None
    if not _KEY.fullmatch(rows[0][0]) and len(rows) > 1 and _KEY.fullmatch(rows[1][0]):
        del rows[0]  # a header, as newer files of OpenImages have
    if all(_KEY.fullmatch(key) for key, _ in rows):
        return ClassNames(names=dict(rows))  # type: ignore[arg-type]
    numbers = [number for _, number in rows]
    if not all(re.fullmatch(r"[0-9]{1,9}", number) for number in numbers):
        return None
    if sorted(map(int, numbers)) != [*range(len(rows))]:
        return None
    ordered = sorted(rows, key=lambda row: int(row[1]))
    return ClassNames(order=tuple(dict.fromkeys(name for name, _ in ordered)))


class ClassNumbers:
    """The numbers that classes have in tables, beside their names."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._are_clear = True

    def add(self, number: str, name: str) -> None:
        """Add what a row says."""
        if self._are_clear and name:
            is_number = re.fullmatch(r"[0-9]{1,9}", number)
            self._are_clear = bool(is_number) and self._names.setdefault(int(number), name) == name

    @property
    def order(self) -> tuple[str, ...]:
        """The classes in the order of their numbers; none if a class or a number has several."""
        names = [name for _, name in sorted(self._names.items())]
        return tuple(names) if self._are_clear and len({*names}) == len(names) else ()
