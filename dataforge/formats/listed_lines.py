"""Reads text files that list images, each with lines of its own that stand together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.base import Context, Item, Record
from dataforge.formats.listed import ListedReading, O
from dataforge.formats.listed_images import Entry
from dataforge.io import Root


class Line(NamedTuple):
    """A line that is not blank.

    Attributes:
        number: counted from 1.
        begin, end: where it is in the file, without the end of the line.
        text: what is in it.
    """

    number: int
    begin: int
    end: int
    text: bytes


class Lines(msgspec.Struct):
    """The lines of an image, blank ones among them.

    Attributes:
        first: number of the first one.
        begin, end: where they are in the file.
        text: what is in them, once the entry is put into a page.
    """

    first: int
    begin: int = 0
    end: int = 0
    text: bytes = b""

    def each(self) -> Iterator[tuple[int, str]]:
        """(number, text) of each line that is not blank."""
        for number, line in enumerate(self.text.decode().split("\n"), self.first):
            if line.strip():
                yield number, line.rstrip("\r")


def lines_of(data: bytes) -> Iterator[Line]:
    """The lines of a file; only ``\\n`` and ``\\r\\n`` end one.

    >>> [(line.number, line.text) for line in lines_of(b"a b\\r\\n\\nc")]
    [(1, b'a b'), (3, b'c')]
    """
    at, number = 0, 0
    while at < len(data):
        found = data.find(b"\n", at)
        after = len(data) if found < 0 else found
        number += 1
        text = data[at:after].rstrip(b"\r")
        if text.strip():
            yield Line(number, at, at + len(text), text)
        at = after + 1


_MOST, _LEAST = 1_000_000, 48


def require_plausible(name: str, number: int, size: int) -> None:
    """Raise ParseError if a file has more entries than any list of its size, and than fit.

    Args:
        name: of the file.
        number: of its entries, so far.
        size: of the file, bytes.
    """
    if number > _MOST and size < _LEAST * number:
        message = f"holds more than {_MOST:,} entries of less than {_LEAST} bytes: not read"
        raise ParseError(name, "", message)


class LinesReading(ListedReading[O]):
    """The files of one folder; the content of an entry is `Lines` of the file that is at hand."""

    def __init__(self, root: Root, options: O, context: Context) -> None:
        super().__init__(root, options, context)
        self.data = b""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "data": b""}

    def items(self) -> Iterator[Item | Record]:
        yield from super().items()
        self.data = b""

    def names_in(self, name: str) -> frozenset[str]:
        data = self.data  # of the file that is being read
        try:
            return super().names_in(name)
        finally:
            self.data = data

    def filled(self, entry: Entry) -> Entry:
        content: Lines = entry.content
        if content.text or content.begin == content.end:
            return entry
        text = self.data[content.begin : content.end]
        return entry._replace(content=msgspec.structs.replace(content, text=text, begin=0, end=0))
