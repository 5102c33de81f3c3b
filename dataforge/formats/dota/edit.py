"""Edits DOTA's label files: one row, in the text as read."""

from __future__ import annotations

from collections.abc import Sequence

from dataforge import geometry
from dataforge.findings import Clip, Drop, Edit, Set
from dataforge.formats.base import Editor
from dataforge.formats.dota.rows import Row, parse_row
from dataforge.formats.json_spans import number
from dataforge.formats.spans import Change
from dataforge.formats.text import Text


class DotaEditor(Editor):
    """Renames and drops objects, and clips boxes that are not turned."""

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
        if isinstance(action, Set):
            if action.values.keys() != {"label"}:
                return ()
            last = words[7 + len(row.label.split())]
            return ((words[8][0], last[1], str(action.values["label"])),)
        return _clipped(text, words[:8], row, action) if isinstance(action, Clip) else ()


def _clipped(
    text: Text, spans: Sequence[tuple[int, int]], row: Row, clip: Clip
) -> Sequence[Change]:
    """The changes to the corners of an upright box, in pixels; what is turned has none.

    Part of a turned box is no turned box.
    """
    box = geometry.ring_box(row.ring)
    upright = all(value in (box[at % 2], box[at % 2 + 2]) for at, value in enumerate(row.ring))
    inside = geometry.clip_box(box, *clip.size)
    if not upright or box != clip.box or not geometry.box_area(inside):
        return ()
    new = [inside[at % 2 + 2 * (value == box[at % 2 + 2])] for at, value in enumerate(row.ring)]
    return [
        (*span, number(value))
        for span, old, value in zip(spans, row.ring, new, strict=True)
        if old != value
    ]
