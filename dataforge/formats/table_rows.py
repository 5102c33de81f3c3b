"""The rows of a table.

A quotation mark that nothing closes costs its own line, not the rest of the file, as with Python's
csv module; a quoted field may go on over a few lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

_DELIMITERS = (",", ";", "\t")
_MOST_LINES = 8
"""Lines that a quoted field may take."""

_LONGEST = 100_000
"""Characters of a row."""


def delimiter_of(lines: Sequence[str]) -> str:
    """What separates the columns, by the first lines.

    >>> delimiter_of(["a;b;c", "1,5;2;3"])
    ';'
    >>> delimiter_of(['a.jpg 1 2 3 4 0 "car"'])
    ' '
    """
    first = lines[0] if lines else ""
    found = max(_DELIMITERS, key=first.count)
    return found if found in first else " "


def columns_of(text: str, delimiter: str) -> list[str] | None:
    """The columns of a row; None if it is no row.

    >>> columns_of('a.jpg,"[1, 2]"', ",")
    ['a.jpg', '[1, 2]']
    >>> columns_of('a.jpg,"[1, 2]', ",")
    """
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, int, int, list[str] | None]]:
    """(line, where it begins, where it ends, columns) of each row that is not blank.

    Columns are None where a line is no row. Lines are counted from 1.
    """
    at, number, end = 0, 0, len(text)
    while at < end:
        number += 1
        after = _after(text, at)
        line = number
        columns = columns_of(text[at:after], delimiter) if after - at <= _LONGEST else None
        if columns is None and after - at <= _LONGEST and text.count('"', at, after) % 2:
            joined = _joined(text, at, after, delimiter)
            if joined is not None:
                after, columns, more = joined
                number += more
        if columns is None or any(map(str.strip, columns)):
            yield line, at, after, columns
        at = after


def _joined(text: str, at: int, after: int, delimiter: str) -> tuple[int, list[str], int] | None:
    """(end, columns, number of further lines) of a row with a line end in a quoted field."""
    for more in range(1, _MOST_LINES):
        if after >= len(text):
            return None
        begin, after = after, _after(text, after)
        if after - at > _LONGEST:
            return None
        if text.count('"', begin, after) % 2:
            columns = columns_of(text[at:after], delimiter)
            return None if columns is None else (after, columns, more)
    return None


def _after(text: str, at: int) -> int:
    """Where the next line begins."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1
