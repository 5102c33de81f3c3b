"""The effect of changes to a text: a unified diff, and new positions."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

import msgspec

from dataforge.findings import Drop, Edit, Finding, Place
from dataforge.formats import Change, Text, applied

_CONTEXT = 3


class Block(NamedTuple):
    """Lines ``start`` to ``end`` of the old text, counted from 0, that new ones replace."""

    start: int
    end: int
    new: list[str]


def unified(name: str, text: str, changes: Sequence[Change]) -> Iterator[str]:
    """The lines of a unified diff, without their line ends.

    Args:
        name: of the file.
        text: before.
        changes: to it, in order, not overlapping.
    """
    lines = _lines(text)
    yield f"--- {_named(f'a/{name}')}"
    yield f"+++ {_named(f'b/{name}')}"
    shift = 0
    for group in _hunks(_blocks(text, lines, changes)):
        start = max(group[0].start - _CONTEXT, 0)
        stop = min(group[-1].end + _CONTEXT, len(lines))
        more = sum(len(block.new) - (block.end - block.start) for block in group)
        yield f"@@ -{_range(start, stop)} +{_range(start + shift, stop + shift + more)} @@"
        shift += more
        at = start
        for block in group:
            yield from _marked(" ", lines[at : block.start])
            yield from _marked("-", lines[block.start : block.end])
            yield from _marked("+", block.new)
            at = block.end
        yield from _marked(" ", lines[at:stop])


def _named(path: str) -> str:
    """A path as patch and git read it: with spaces, a tab ends it; special ones are quoted."""
    quoted = _TO_QUOTE.sub(lambda found: f"\\{ord(found[0]):03o}", path)
    return path + "\t" * (" " in path) if quoted == path else f'"{quoted}"'


_TO_QUOTE = re.compile(r'[\x00-\x1f\x7f"\\]')


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _blocks(text: str, lines: Sequence[str], changes: Sequence[Change]) -> Iterator[Block]:
    """The lines that change, in blocks without unchanged lines at their ends."""
    starts = [0, *accumulate(map(len, lines))]
    last = len(lines) - (not text.endswith("\n")) if lines else 0  # that of the text's end

    def line_at(place: int) -> int:
        return min(bisect_right(starts, place) - 1, last)

    runs: list[tuple[int, int, list[Change]]] = []
    for change in changes:
        # The line after a change is included: its text may now be part of the changed line.
        first, end = line_at(change[0]), min(line_at(change[1]) + 1, len(lines))
        if runs and first < runs[-1][1]:
            runs[-1][2].append(change)
            runs[-1] = runs[-1][0], end, runs[-1][2]
        else:
            runs.append((first, end, [change]))
    for first, end, own in runs:
        at = starts[first]
        moved = [(start - at, stop - at, new) for start, stop, new in own]
        block = _trimmed(Block(first, end, _lines(applied(text[at : starts[end]], moved))), lines)
        if block.new or block.start < block.end:
            yield block


def _trimmed(block: Block, lines: Sequence[str]) -> Block:
    start, end, new = block
    first, last = 0, len(new)
    while start < end and first < last and lines[start] == new[first]:
        start, first = start + 1, first + 1
    while start < end and first < last and lines[end - 1] == new[last - 1]:
        end, last = end - 1, last - 1
    return Block(start, end, new[first:last])


def _hunks(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and block.start - group[-1].end > 2 * _CONTEXT:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _range(start: int, stop: int) -> str:
    length = stop - start
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


# New positions ------------------------------------------------------------------------------------


class Changed(Protocol):
    """A text that changes."""

    @property
    def text(self) -> Text:
        """Before."""
        ...

    @property
    def changes(self) -> list[Change]:
        """Of it."""
        ...

    @property
    def edits(self) -> list[Edit]:
        """That the changes make."""
        ...


class Moves:
    """The places of findings in the changed files.

    Args:
        files: name -> what changes in it.
    """

    def __init__(self, files: Mapping[str, Changed]) -> None:
        self._files = {name: _FileMoves(file) for name, file in files.items()}

    def of(self, finding: Finding) -> Finding | None:
        """The finding at its new place; None if its object is dropped."""
        file = self._files.get(finding.place.file)
        if file is None:
            return finding
        place = file.of(finding.place)
        if place is None:
            return None
        return msgspec.structs.replace(finding, place=place, edits=())


class _FileMoves:
    """How lines and list elements move in one file."""

    def __init__(self, file: Changed) -> None:
        self._text = file.text
        self._dropped: dict[str, list[int]] = {}
        self._dropped_lines: set[int] = set()
        for edit in file.edits:
            if isinstance(edit.action, Drop):
                if found := _ELEMENT.fullmatch(edit.place.pointer):
                    self._dropped.setdefault(found[1], []).append(int(found[2]))
                elif edit.place.line:
                    self._dropped_lines.add(edit.place.line)
        for indices in self._dropped.values():
            indices.sort()
        # Ends of the changes, and how many more lines the new text has before each.
        self._ends = [end for _, end, _ in file.changes]
        more = (
            len(_LINE_END.findall(new)) - len(_LINE_END.findall(file.text.text, start, end))
            for start, end, new in file.changes
        )
        self._more = [0, *accumulate(more)]

    def of(self, place: Place) -> Place | None:
        """The new place; None if it is dropped."""
        if not place.pointer and place.line in self._dropped_lines:
            return None
        pointer, at = "", 0
        for step in _STEP.finditer(place.pointer):
            dropped = self._dropped.get(place.pointer[: step.start()], ())
            index = int(step[1])
            earlier = bisect_left(dropped, index)
            if index in dropped[earlier : earlier + 1]:
                return None
            pointer += f"{place.pointer[at : step.start()]}[{index - earlier}]"
            at = step.end()
        pointer += place.pointer[at:]
        return msgspec.structs.replace(place, line=self._line(place.line), pointer=pointer)

    def _line(self, line: int) -> int:
        """The new number of a line; what is put before the first letter of a line moves it."""
        if not 0 < line <= len(self._text.lines):
            return line
        start, end = self._text.lines[line - 1]
        written = self._text.text[start:end]
        start += len(written) - len(written.lstrip())
        return line + self._more[bisect_right(self._ends, start)]


_LINE_END = re.compile(r"\r\n|\r|\n")
_ELEMENT = re.compile(r"(.*)\[(\d+)\]")
_STEP = re.compile(r"\[(\d+)\]")
