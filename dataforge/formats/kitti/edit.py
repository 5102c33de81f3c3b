"""Edits KITTI's label files: one row, in the text as read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge import geometry
from dataforge.findings import Clip, Drop, Edit, Reorder, Set
from dataforge.formats.base import Editor
from dataforge.formats.decimals import exact
from dataforge.formats.json_spans import number
from dataforge.formats.kitti.rows import Row, parse_row
from dataforge.formats.spans import Change
from dataforge.formats.text import Text


class KittiEditor(Editor):
    """Renames and drops objects, clips boxes, and puts their corners in order."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        line, action = edit.place.line, edit.action
        if edit.place.pointer or not 0 < line <= len(text.lines):
            return ()
        start, end = text.lines[line - 1]
        row = parse_row(text.text[start:end].removeprefix("\ufeff"))
        if isinstance(action, Drop):
            return ((start, end, ""),)
        if isinstance(row, str):
            return ()
        words = text.columns(line)
        first = len(row.label.split())
        if isinstance(action, Set):
            if action.values.keys() != {"label"}:
                return ()
            return ((words[0][0], words[first - 1][1], str(action.values["label"])),)
        return tuple(_corners(text, words[first + 3 : first + 7], row, action))


def _corners(
    text: Text, spans: Sequence[tuple[int, int]], row: Row, action: Clip | Reorder
) -> Iterator[Change]:
    """The changes to left, top, right and bottom."""
    written = [text.text[slice(*span)] for span in spans]
    try:
        numbers = [*map(exact, written)]
    except ValueError:
        return
    ordered = [
        written[pick(at, (at + 2) % 4, key=lambda one: numbers[one])]
        for pick, at in ((min, 0), (min, 1), (max, 2), (max, 3))
    ]
    new = [*written]
    if isinstance(action, Reorder):
        new = ordered
    else:
        box = geometry.ordered(row.box)
        inside = geometry.clip_box(box, *action.size)
        if not geometry.box_area(inside):
            return
        for at, (old, value) in enumerate(zip(box, inside, strict=True)):
            new[at] = ordered[at] if old == value else number(value)
    for span, old_text, new_text in zip(spans, written, new, strict=True):
        if old_text != new_text:
            yield *span, new_text
