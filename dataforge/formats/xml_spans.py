"""The positions of elements in an XML text, and changes to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataforge.errors import ParseError
from dataforge.formats.spans import Change


class Element:
    """An XML element.

    Attributes:
        tag: its name.
        start, end: span of the whole element.
        inner_start, inner_end: span between its tags; both `end` for an empty-element tag.
        children: child elements.
    """

    __slots__ = ("_text", "children", "end", "inner_end", "inner_start", "start", "tag")

    def __init__(self, text: str, tag: str, start: int) -> None:
        self._text = text
        self.tag = tag
        self.start = start
        opening = _START_TAG.match(text, start)
        self.inner_start = opening.end() if opening else start
        self.inner_end = self.end = self.inner_start
        self.children: list[Element] = []

    def close(self, at: int) -> None:
        """Set where its end tag starts, or that it has none."""
        if at != self.inner_start or not self._text.endswith("/>", self.start, at):
            self.inner_end, self.end = at, self._text.index(">", at) + 1

    def iter(self, tag: str) -> Iterator[Element]:
        """All descendants with a tag, in document order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.iter(tag)

    def find(self, path: str) -> Element | None:
        """The first child with a tag, or a path of tags: ``bndbox/xmin``."""
        found: Element | None = self
        for tag in path.split("/"):
            found = next((c for c in found.children if c.tag == tag), None) if found else None
        return found

    @property
    def value(self) -> str | None:
        """Its text; None if it contains anything else."""
        from xml.sax.saxutils import unescape  # which imports urllib

        raw = self._text[self.inner_start : self.inner_end]
        return None if "<" in raw else unescape(raw, {"&quot;": '"', "&apos;": "'"})

    def replaced(self, new: str) -> Change:
        """The change of its text, keeping spaces around it; `new` is already escaped."""
        if self.inner_start == self.inner_end == self.end:
            return self.start, self.end, f"<{self.tag}>{new}</{self.tag}>"
        raw = self._text[self.inner_start : self.inner_end]
        start = self.inner_start + len(raw) - len(raw.lstrip())
        end = self.inner_end - (len(raw) - len(raw.rstrip())) if raw.strip() else start
        return start, end, new

    def filled(self, new: str) -> Change:
        """The change that replaces everything between its tags."""
        return self.inner_start, self.inner_end, new

    def removed(self) -> Change:
        """The change that removes it, with its line if nothing else is on it."""
        alone = re.compile(r"[ \t]*(?:[\r\n]|\Z)").match(self._text, self.end)
        return self.start - len(self.indent) * bool(alone), self.end, ""

    @property
    def source(self) -> str:
        """The whole element as written."""
        return self._text[self.start : self.end]

    @property
    def indent(self) -> str:
        """The line end and the spaces before it; empty if it is not the first on its line."""
        text, at = self._text, self.start
        while at and text[at - 1] in " \t":
            at -= 1
        if not at or text[at - 1] not in "\r\n":
            return ""
        at -= 2 if text.endswith("\r\n", 0, at) else 1
        return text[at : self.start]


def escaped(text: str) -> str:
    """Text as the content of an element."""
    # A bare carriage return would be read as a line end.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


# Attributes may hold a >.
_START_TAG = re.compile(r"""<[^\s/>]+(?:[^>"']|"[^"]*"|'[^']*')*>""")


def parse_spans(name: str, text: str) -> Element:
    from xml.parsers import expat

    data = text.encode("utf-8", "surrogatepass")
    parser = expat.ParserCreate("utf-8")  # whatever it declares
    top = Element(text, "", 0)
    stack = [top]
    seen_bytes = seen = 0

    def place() -> int:
        """The parser's, in characters."""
        nonlocal seen_bytes, seen
        at = parser.CurrentByteIndex
        seen += len(data[seen_bytes:at].decode())
        seen_bytes = at
        return seen

    def begin(tag: str, _: dict[str, str]) -> None:
        element = Element(text, tag, place())
        stack[-1].children.append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop().close(place())

    def refuse(*_: Any) -> None:
        raise ParseError(name, "", "declares entities and is not edited in place")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ParseError(name, f"line {error.lineno}", f"malformed XML: {error}") from error
    return top.children[0]
