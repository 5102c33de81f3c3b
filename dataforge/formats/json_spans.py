"""The positions of values in a JSON text, and changes to them."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.formats.spans import Change, Path, Span


class _Member(NamedTuple):
    key_start: int
    key_end: int
    start: int
    end: int


class _Object(NamedTuple):
    members: list[_Member]
    by_key: dict[str, _Member]  # the last one for a duplicate key, as in all readers
    end: int


class _List(NamedTuple):
    starts: array[int]
    ends: array[int]
    end: int


class _Gone:
    """What has been removed from a list.

    Attributes:
        indices: of the elements.
        first: index of the first element that is left.
    """

    def __init__(self) -> None:
        self.indices: set[int] = set()
        self.first = 0


_SPACE = re.compile(r"[ \t\r\n]*")
_KEPT = 64
"""Small objects whose positions are kept, and length from which on those of a list are."""

_LARGE = 4096
"""Characters of an object or list from which on its positions are always kept."""


class Json:
    """The positions of values in a JSON document, found on demand; large lists only once.

    Every method raises ParseError if the text is not valid JSON.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._objects: dict[int, _Object] = {}
        self._large_objects: dict[int, _Object] = {}
        self._lists: dict[int, _List] = {}
        self._gone: dict[int, _Gone] = {}
        # As floats, numbers with 5,000 digits are no problem: the scanned values are not used.
        self._scan = json.JSONDecoder(parse_int=float).scan_once  # type: ignore[attr-defined]

    def span(self, path: Path) -> Span | None:
        """The span of a value; None if there is none."""
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
        """The value as plain Python; None if there is none, or if it cannot be decoded."""
        span = self.span(path)
        try:
            return None if span is None else json.loads(self._text[slice(*span)])
        except (ValueError, RecursionError):
            return None

    def length(self, path: Path) -> int:
        """Number of elements of a list; 0 if there is none."""
        span = self.span(path)
        is_list = span is not None and self._text.startswith("[", span[0])
        return len(self._list(span[0]).starts) if span and is_list else 0

    def raw(self, path: Path) -> str:
        """The value as written; empty if there is none."""
        span = self.span(path)
        return self._text[slice(*span)] if span else ""

    def replaced(self, path: Path, new: str) -> Change:
        """The change that replaces a value.

        Raises:
            KeyError: there is no such value.
        """
        span = self.span(path)
        if span is None:
            raise KeyError(path)
        return (*span, new)

    def put(self, path: Path, members: Mapping[str, str]) -> list[Change]:
        """The changes that set members of an object: in place, or after the last one.

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

    def taken_out(self, path: Path) -> list[Change]:
        """The changes that remove an element, with its comma, from a list.

        They take earlier removals into account, so that all of them can be made together in any
        order; an element that is already removed gives no changes.

        Raises:
            KeyError: there is no such element.
        """
        *above, index = path
        span = self.span(tuple(above))
        if span is None or not isinstance(index, int) or self.span(path) is None:
            raise KeyError(path)
        found = self._list(span[0])
        gone = self._gone.setdefault(span[0], _Gone())
        if index in gone.indices:
            return []
        gone.indices.add(index)
        if index > gone.first:  # there is one left before it
            return [(found.ends[index - 1], found.ends[index], "")]
        after = index + 1
        while after in gone.indices:
            after += 1
        gone.first = after
        if after < len(found.starts):
            return [
                (found.starts[index], found.ends[index], ""),
                (found.ends[after - 1], found.starts[after], ""),
            ]
        spaces = [(span[0] + 1, found.starts[0]), (found.ends[-1], found.end - 1)]
        spans = sorted({*spaces, (found.starts[index], found.ends[index])})
        return [(start, end, "") for start, end in spans if start < end]

    def _space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _end(self, start: int) -> int:
        """Where the value that starts here ends."""
        if self._text.startswith("[", start):
            return self._list(start).end  # the list may be too large to decode
        return self._scanned(start)[1]

    def _scanned(self, start: int) -> tuple[Any, int]:
        """(value that starts here, where it ends)."""
        try:
            value, end = self._scan(self._text, start)
        except (StopIteration, ValueError, RecursionError) as error:
            raise self._malformed(start) from error
        return value, end

    def _object(self, start: int) -> _Object:
        if known := self._large_objects.get(start) or self._objects.get(start):
            return known
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
        found = _Object(members, by_key, at + 1)
        if found.end - start >= _LARGE:
            self._large_objects[start] = found
            return found
        if len(self._objects) >= _KEPT:
            self._objects.clear()
        self._objects[start] = found
        return found

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
        if len(starts) >= _KEPT or found.end - start >= _LARGE:
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
    """The keys and indices of a pointer as in findings and records.

    >>> path_of("$.annotations[3].bbox")
    ('annotations', 3, 'bbox')
    """
    steps = re.findall(r"\.([^.\[]+)|\[(\d+)\]", where)
    return tuple(key or int(index) for key, index in steps)


def number(value: float, like: str = "") -> str:
    """A number for JSON: integers without a point, unless the old text had one.

    >>> number(12.0), number(12.0, "3.5"), number(0.1)
    ('12', '12.0', '0.1')
    """
    whole = value == int(value) and not re.search("[.eE]", like)
    return str(int(value)) if whole else repr(float(value))
