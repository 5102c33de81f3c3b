"""The text of an annotation file, and where in it things stand.

A fix changes spans of the text and nothing else, so that unknown keys, their order, comments and
the way it is written stay. A span is (start, end) in characters, the end not included.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias
from xml.sax.saxutils import unescape

import msgspec

from dataforge.checks.files import Document
from dataforge.errors import ParseError
from dataforge.io import declared_encoding

Span: TypeAlias = tuple[int, int]
Change: TypeAlias = tuple[int, int, str]
"""(start, end, what is to stand there)."""
Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the top of a JSON document."""


class Edit(msgspec.Struct, frozen=True):
    """What is to change in one file, all of it or nothing.

    Attributes:
        file: relative to the folder that is checked.
        changes: of its text.
    """

    file: str
    changes: tuple[Change, ...]


class Text:
    """An annotation file as text.

    Args:
        document: the file.

    Attributes:
        name: path relative to the folder that is checked.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.name = document.name

    @cached_property
    def data(self) -> bytes:
        """Its bytes, as they were when something was asked of it first."""
        return self.document.data

    @cached_property
    def codec(self) -> str:
        """The encoding that gives the same bytes back.

        Raises:
            ParseError: none does.
        """
        wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(self.data[:2])
        said = declared_encoding(self.data)
        for codec in [wide] if wide else filter(None, (said, "utf-8", "gb18030")):
            try:
                if self.data.decode(codec).encode(codec) == self.data:
                    return codec
            except (UnicodeError, LookupError):
                continue
        raise ParseError(self.name, "", "its encoding is not known: it cannot be changed in place")

    @cached_property
    def text(self) -> str:
        """All of it; a byte order mark is its first character."""
        return self.data.decode(self.codec)

    @cached_property
    def json(self) -> Json:
        """Where members and elements stand."""
        return Json(self.name, self.text)

    @cached_property
    def xml(self) -> Element:
        """The root element, with spans."""
        return _parsed(self.name, self.text)

    @cached_property
    def lines(self) -> list[Span]:
        """Lines with their ends, numbered as the YOLO reader numbers them."""
        spans, at = [], 0
        for line in self.text.splitlines(keepends=True):
            spans.append((at, at + len(line)))
            at += len(line)
        return spans

    def columns(self, number: int) -> list[Span]:
        """The words of a line, counted from 1."""
        start, end = self.lines[number - 1]
        return [found.span() for found in re.compile(r"\S+").finditer(self.text, start, end)]

    def edit(self, *changes: Change) -> Edit:
        """An edit of this file."""
        return Edit(self.name, changes)


def applied(text: str, changes: list[Change]) -> str:
    """The text with changes that do not overlap, in their order."""
    parts, at = [], 0
    for start, end, new in changes:
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


# JSON -------------------------------------------------------------------------------------------


class _Member(NamedTuple):
    key_start: int
    key_end: int
    start: int
    end: int


class _Object(NamedTuple):
    members: list[_Member]
    by_key: dict[str, _Member]  # of one that stands there twice, the last, as in all readers
    end: int


class _List(NamedTuple):
    starts: array[int]
    ends: array[int]
    end: int


_SPACE = re.compile(r"[ \t\r\n]*")
_KEPT = 64
"""Objects whose places are kept, and elements from which on those of a list are."""


class Json:
    """Where the parts of a JSON document stand; looked for when asked, large lists once.

    Every method raises ParseError where the text is no JSON.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._objects: dict[int, _Object] = {}
        self._lists: dict[int, _List] = {}
        # Numbers of 5,000 digits are floats: nothing of what is scanned is used.
        self._scan = json.JSONDecoder(parse_int=float).scan_once  # type: ignore[attr-defined]

    def span(self, path: Path) -> Span | None:
        """Where the value stands; None where there is none."""
        at = self._space(1 if self._text.startswith("\ufeff") else 0)
        span = at, len(self._text)
        for step in path:
            opening = self._text[span[0] : span[0] + 1]
            if isinstance(step, str):
                member = self._object(span[0]).by_key.get(step) if opening == "{" else None
                if member is None:
                    return None
                span = member.start, member.end
            else:
                found = self._list(span[0]) if opening == "[" else None
                if found is None or step >= len(found.starts):
                    return None
                span = found.starts[step], found.ends[step]
        return span

    def value(self, path: Path) -> Any:
        """The value as plain Python; None where there is none, or a number beyond reason."""
        span = self.span(path)
        try:
            return None if span is None else json.loads(self._text[slice(*span)])
        except (ValueError, RecursionError):
            return None

    def length(self, path: Path) -> int:
        """Number of elements of a list; 0 where there is none."""
        span = self.span(path)
        is_list = span is not None and self._text.startswith("[", span[0])
        return len(self._list(span[0]).starts) if span and is_list else 0

    def raw(self, path: Path) -> str:
        """The value as it is written; empty where there is none."""
        span = self.span(path)
        return self._text[slice(*span)] if span else ""

    def replaced(self, path: Path, new: str) -> Change:
        """The change that puts other text in the place of a value.

        Raises:
            KeyError: there is no such value.
        """
        span = self.span(path)
        if span is None:
            raise KeyError(path)
        return (*span, new)

    def put(self, path: Path, members: Mapping[str, str]) -> list[Change]:
        """The changes that give an object these members: in their place, or after the last one.

        Args:
            path: of the object.
            members: key -> value, as JSON.
        """
        start, _ = self.span(path) or (0, 0)
        found = self._object(start)
        old = {key: value for key, value in members.items() if key in found.by_key}
        changes: list[Change] = [
            (found.by_key[key].start, found.by_key[key].end, value) for key, value in old.items()
        ]
        new = {json.dumps(key): value for key, value in members.items() if key not in old}
        if not new:
            return changes
        if not found.members:
            inside = ", ".join(f"{key}: {value}" for key, value in new.items())
            return [(start, found.end, f"{{{inside}}}")]
        last = found.members[-1]
        colon = self._text[last.key_end : last.start]
        before = self._text.rindex("," if len(found.members) > 1 else "{", start, last.key_start)
        gap = self._text[before + 1 : last.key_start]
        if len(found.members) == 1 and not gap:
            gap = " " * colon.endswith(" ")
        more = "".join(f",{gap}{key}{colon}{value}" for key, value in new.items())
        return [*changes, (last.end, last.end, more)]

    def removed(self, path: Path) -> Change:
        """The change that takes an element, with its comma, out of a list.

        Raises:
            KeyError: there is no such element.
        """
        *above, index = path
        span = self.span(tuple(above))
        if span is None or not isinstance(index, int) or self.span(path) is None:
            raise KeyError(path)
        found = self._list(span[0])
        if index + 1 < len(found.starts):
            return found.starts[index], found.starts[index + 1], ""
        if index:
            return found.ends[index - 1], found.ends[index], ""
        return span[0] + 1, found.end - 1, ""

    def _space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _end(self, start: int) -> int:
        """Where the value that begins here ends."""
        if self._text.startswith("[", start):
            return self._list(start).end  # which may be too large to be held
        return self._scanned(start)[1]

    def _scanned(self, start: int) -> tuple[Any, int]:
        """(the value that begins here, where it ends)."""
        try:
            value, end = self._scan(self._text, start)
        except (StopIteration, ValueError, RecursionError) as error:
            raise self._malformed(start) from error
        return value, end

    def _object(self, start: int) -> _Object:
        if start in self._objects:
            return self._objects[start]
        members: list[_Member] = []
        by_key: dict[str, _Member] = {}
        at = self._space(start + 1)
        while not self._text.startswith("}", at):
            if members:
                at = self._space(self._after(",", at))
            if not self._text.startswith('"', at):
                raise self._malformed(at)
            key, key_end = self._scanned(at)
            value = self._space(self._after(":", self._space(key_end)))
            member = _Member(at, key_end, value, self._end(value))
            members.append(member)
            by_key[key] = member
            at = self._space(member.end)
        if len(self._objects) >= _KEPT:
            self._objects.clear()
        self._objects[start] = _Object(members, by_key, at + 1)
        return self._objects[start]

    def _list(self, start: int) -> _List:
        if start in self._lists:
            return self._lists[start]
        starts, ends = array("q"), array("q")
        at = self._space(start + 1)
        while not self._text.startswith("]", at):
            if starts:
                at = self._space(self._after(",", at))
            end = self._scanned(at)[1]
            starts.append(at)
            ends.append(end)
            at = self._space(end)
        found = _List(starts, ends, at + 1)
        if len(starts) >= _KEPT:
            self._lists[start] = found
        return found

    def _after(self, mark: str, at: int) -> int:
        if not self._text.startswith(mark, at):
            raise self._malformed(at)
        return at + 1

    def _malformed(self, at: int) -> ParseError:
        line = self._text.count("\n", 0, at) + 1
        return ParseError(self._name, f"line {line}", "malformed JSON")


def path_of(where: str) -> Path:
    """The keys and indices of a JSON pointer as findings and records have it.

    >>> path_of("$.annotations[3].bbox")
    ('annotations', 3, 'bbox')
    """
    steps = re.findall(r"\.([^.\[]+)|\[(\d+)\]", where)
    return tuple(key or int(index) for key, index in steps)


def number(value: float, like: str = "") -> str:
    """A number for JSON: whole ones without a point, unless what stood there had one.

    >>> number(12.0), number(12.0, "3.5"), number(0.1)
    ('12', '12.0', '0.1')
    """
    whole = value == int(value) and not re.search("[.eE]", like)
    return str(int(value)) if whole else repr(float(value))


# XML --------------------------------------------------------------------------------------------


class Element:
    """An element of XML.

    Attributes:
        tag: its name.
        start, end: all of it.
        inner_start, inner_end: between its tags; both `end` where it is one tag alone.
        children: elements in it.
    """

    def __init__(self, text: str, tag: str, start: int) -> None:
        self._text = text
        self.tag = tag
        self.start = start
        opening = _START_TAG.match(text, start)
        self.inner_start = opening.end() if opening else start
        self.inner_end = self.end = self.inner_start
        self.children: list[Element] = []

    def close(self, at: int) -> None:
        """Take in where its end tag begins, or that it has none."""
        if at != self.inner_start or not self._text.endswith("/>", self.start, at):
            self.inner_end, self.end = at, self._text.index(">", at) + 1

    def iter(self, tag: str) -> Iterator[Element]:
        """All elements of a name in it, as they come."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.iter(tag)

    def find(self, path: str) -> Element | None:
        """The first child of a name, or its first child, and so on: ``bndbox/xmin``."""
        found: Element | None = self
        for tag in path.split("/"):
            found = next((c for c in found.children if c.tag == tag), None) if found else None
        return found

    @property
    def value(self) -> str | None:
        """Its text; None where there is more in it than text."""
        raw = self._text[self.inner_start : self.inner_end]
        return None if "<" in raw else unescape(raw, {"&quot;": '"', "&apos;": "'"})

    def replaced(self, new: str) -> Change:
        """The change of its text, spaces around it kept; `new` is escaped already."""
        if self.inner_start == self.inner_end == self.end:
            return self.start, self.end, f"<{self.tag}>{new}</{self.tag}>"
        raw = self._text[self.inner_start : self.inner_end]
        start = self.inner_start + len(raw) - len(raw.lstrip())
        end = self.inner_end - (len(raw) - len(raw.rstrip())) if raw.strip() else start
        return start, end, new

    def filled(self, new: str) -> Change:
        """The change of all that is between its tags."""
        return self.inner_start, self.inner_end, new

    def removed(self) -> Change:
        """The change that takes it out, with its line where nothing else is on that."""
        alone = re.compile(r"[ \t]*(?:[\r\n]|\Z)").match(self._text, self.end)
        return self.start - len(self.indent) * bool(alone), self.end, ""

    @property
    def source(self) -> str:
        """All of it, as it is written."""
        return self._text[self.start : self.end]

    @property
    def indent(self) -> str:
        """The line end and the spaces before it; empty where it does not begin its line."""
        found = re.search(r"(?:\r\n|\r|\n)?[ \t]*\Z", self._text[: self.start])
        return found[0] if found and found[0][:1] in ("\r", "\n") else ""


# Attributes may hold a >.
_START_TAG = re.compile(r"""<[^\s/>]+(?:[^>"']|"[^"]*"|'[^']*')*>""")


def _parsed(name: str, text: str) -> Element:
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
        raise ParseError(name, "", "declares entities: it is not changed in place")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ParseError(name, f"line {error.lineno}", f"malformed XML: {error}") from error
    return top.children[0]
