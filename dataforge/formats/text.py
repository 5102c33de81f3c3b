"""The text of an annotation file, and the positions of things in it.

A fix changes spans of the text and nothing else, so that unknown keys, their order, comments and
formatting stay. A span is (start, end) in characters, end excluded.
"""

from __future__ import annotations

import re
from functools import cached_property

from dataforge.errors import ParseError
from dataforge.formats.json_spans import Json, path_of
from dataforge.formats.spans import Span
from dataforge.formats.xml_spans import Element, parse_spans
from dataforge.io import declared_encoding, unmarked_utf16, windows_encodings


class Text:
    """An annotation file as text.

    Attributes:
        name: path relative to the folder that is read.
        data: its bytes.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data

    @cached_property
    def codec(self) -> str:
        """The encoding that round-trips the bytes.

        Raises:
            ParseError: none does.
        """
        wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(self.data[:2])
        declared = declared_encoding(self.data)
        unmarked = unmarked_utf16(self.data)
        known = (unmarked, declared, "utf-8", *windows_encodings(self.data))
        for codec in [wide] if wide else filter(None, known):
            try:
                if self.data.decode(codec).encode(codec) == self.data:
                    return codec
            except (UnicodeError, LookupError):
                continue
        raise ParseError(self.name, "", "has an unknown encoding and cannot be edited in place")

    @cached_property
    def text(self) -> str:
        """The whole text; a byte order mark is its first character."""
        return self.data.decode(self.codec)

    def line_of(self, pointer: str) -> tuple[int, int]:
        """(line, column) of a value in a JSON document, from 1; the closest around it if it is
        missing, (0, 0) if the text cannot be read."""
        path = path_of(pointer)
        try:
            for length in range(len(path), -1, -1):
                if (span := self.json.span(path[:length])) is not None:
                    before = self.text[: span[0]]
                    return before.count("\n") + 1, span[0] - (before.rfind("\n") + 1) + 1
        except (ParseError, RecursionError):
            pass
        return 0, 0

    @cached_property
    def json(self) -> Json:
        """The JSON document, with spans."""
        return Json(self.name, self.text)

    @property
    def xml(self) -> Element:
        """The root element, with spans.

        Raises:
            ParseError: it is no XML that can be edited.
        """
        if isinstance(self._xml, ParseError):
            raise self._xml
        return self._xml

    @cached_property
    def _xml(self) -> Element | ParseError:
        try:
            return parse_spans(self.name, self.text)
        except ParseError as error:  # kept, so that a thousand edits do not parse it again
            return error

    @cached_property
    def lines(self) -> list[Span]:
        """Lines including line ends, numbered as by the YOLO reader."""
        spans, at = [], 0
        for line in self.text.splitlines(keepends=True):
            spans.append((at, at + len(line)))
            at += len(line)
        return spans

    def columns(self, number: int) -> list[Span]:
        """The words of a line; lines are counted from 1."""
        start, end = self.lines[number - 1]
        return [found.span() for found in re.compile(r"\S+").finditer(self.text, start, end)]
