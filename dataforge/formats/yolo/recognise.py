"""Whether a folder has YOLO text files."""

from __future__ import annotations

import re

from dataforge.errors import ParseError, plural
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io import Root, last_part

_LOOKED_AT = 1 << 16
"""Bytes of a file that decide whether it has rows."""

_NUMBER = r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?"
_ROW = re.compile(rf"\+?{_NUMBER}(\s+[+-]?{_NUMBER}){{4,}}", re.IGNORECASE)


def recognise(texts: Texts) -> Recognised:
    """Text files with the names of images and rows of numbers; and files with class names.

    If no file has such rows, and there are no other annotations, class names are enough.
    """
    beside = texts.beside_images(".txt")
    labels = [name for name in beside if _has_rows(texts.root, name)]
    naming = [name for name in texts.root.files() if _names_classes(texts.root, name)]
    names = f"; class names in {', '.join(naming[:3])}" if naming else ""
    if not labels:
        own = any(row.format for row in texts.documents.values())
        others = texts.labelme or texts.coco or texts.voc or own
        if not naming or others or (beside and beside[0] in texts.texts):
            return Recognised(0)
        if not beside and texts.foreign:
            return Recognised(0)
        return Recognised(
            len(beside) or 1, f"no text file with rows of numbers beside images{names}"
        )
    evidence = f"{plural(len(labels), 'text file')} beside images with rows of a class number and "
    return Recognised(len(labels), f"{evidence}coordinates{names}")


def _has_rows(root: Root, name: str) -> bool:
    try:
        text = root.look(name)[:_LOOKED_AT].decode("utf-8", "replace")
    except ParseError:
        return False
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(text) >= _LOOKED_AT:
        lines = lines[:-1] or lines  # the last one is cut off
    return bool(lines) and sum(map(_is_row, lines)) > 0.5 * len(lines)


def _is_row(line: str) -> bool:
    return bool(_ROW.fullmatch(line)) and float(line.split(maxsplit=1)[0]).is_integer()


def _names_classes(root: Root, name: str) -> bool:
    last = last_part(name).lower()
    if last in ("classes.txt", "obj.names"):
        return True
    if not last.endswith((".yaml", ".yml")):
        return False
    try:
        return bool(re.search(rb"(?m)^names\s*:", root.look(name)))
    except ParseError:
        return False
