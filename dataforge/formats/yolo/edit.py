"""Edits YOLO text files: rows of label files, and class names in data.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from dataforge import geometry
from dataforge.errors import ParseError
from dataforge.findings import Clip, Drop, Edit, Set
from dataforge.formats.base import Editor
from dataforge.formats.decimals import exact, plain
from dataforge.formats.spans import Change
from dataforge.formats.text import Text
from dataforge.formats.yolo.dataset_yaml import name_nodes, quoted
from dataforge.formats.yolo.rows import ring_of

if TYPE_CHECKING:
    from yaml.nodes import ScalarNode


_MOST = 2**18
"""Characters of a data.yaml whose names are edited: its parser takes ten seconds for 500,000."""


class YoloEditor(Editor):
    """Renames classes, drops rows, and clips boxes and polygons."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        place, action = edit.place, edit.action
        if isinstance(action, Set):
            return _renamed(text, place.pointer, action.values)
        if place.pointer or not 0 < place.line <= len(text.lines):
            return ()  # a row that the reader understands in part, or no row
        if isinstance(action, Drop):
            return ((*text.lines[place.line - 1], ""),)
        try:
            return tuple(_clipped(text, place.line, action)) if isinstance(action, Clip) else ()
        except ValueError as error:
            raise ParseError(text.name, place.inside, "is no row of numbers") from error


# Names ------------------------------------------------------------------------------------------


def _renamed(text: Text, pointer: str, values: dict[str, str]) -> Sequence[Change]:
    """The change to one of ``names``; a class has only a name."""
    found = re.fullmatch(r"names\[(\d+)\]", pointer)
    if found is None or values.keys() != {"label"}:
        return ()
    node = _nodes(text.name, text.text).get(int(found[1]))
    if node is None:
        return ()
    start = node.start_mark.index
    written = text.text[start : node.end_mark.index].rstrip()
    if written.startswith(("&", "!")):
        return ()  # an anchor or a tag, which other places may need
    # In quotes: the new name may contain YAML syntax.
    return ((start, start + len(written), quoted(values["label"])),)


@lru_cache(maxsize=1)
def _nodes(name: str, text: str) -> dict[int, ScalarNode]:
    """The names of a file, cached for the next edit."""
    import yaml

    if len(text) > _MOST:
        raise ParseError(name, "", "is too large to be edited in place")
    try:
        return name_nodes(yaml.compose(text, Loader=yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ParseError(name, "", f"is not YAML: {error}") from error


# Rows -------------------------------------------------------------------------------------------


def _clipped(text: Text, line: int, clip: Clip) -> Iterator[Change]:
    """The changes to the numbers of a row that is partly inside its image, 0 to 1.

    A score is kept.
    """
    spans = text.columns(line)[1:]
    columns = [text.text[slice(*span)] for span in spans]
    if len(columns) in (4, 5):
        changes = _clipped_box(columns[:4])
        yield from ((*spans[at], new) for at, new in changes)
        return
    if len(columns) < 6 or len(columns) % 2:
        return
    ring = tuple(map(float, columns))
    inside = geometry.clip_ring(ring, 1.0, 1.0)
    is_outline = geometry.ring_box(ring_of(ring, *clip.size)) == clip.box
    if is_outline and inside != ring and len(inside) >= 6:
        written = dict(zip(ring, columns, strict=True))
        words = [written.get(value) or plain(Decimal(repr(value))) for value in inside]
        gap = text.text[spans[0][1] : spans[1][0]]
        yield spans[0][0], spans[-1][1], gap.join(words)


def _clipped_box(columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(index, text) of the numbers that change among the centre and size of a box."""
    numbers = [*map(exact, columns)]
    new = [*numbers]
    for at in (0, 1):
        centre, size = numbers[at], numbers[at + 2]
        low, high = _within(centre - size / 2), _within(centre + size / 2)
        new[at : at + 3 : 2] = (low + high) / 2, high - low
    if new[2] <= 0 or new[3] <= 0:
        return
    for at, (old, value) in enumerate(zip(numbers, new, strict=True)):
        if value != old:
            yield at, plain(value)


def _within(value: Decimal) -> Decimal:
    return min(max(value, Decimal(0)), Decimal(1))
