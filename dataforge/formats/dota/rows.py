"""The rows of DOTA's label files, both ways (captain-whu.github.io/DOTA/dataset.html)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from dataforge.formats.json_spans import number as written
from dataforge.io import MAX_COORDINATE
from dataforge.records import Ring

HEADERS = ("imagesource", "gsd", "acquisition dates")
"""What the first lines may say of the image; gsd is metres a pixel, or null."""

_HEADER = re.compile(rf"\s*({'|'.join(HEADERS)})\s*:(.*)", re.IGNORECASE)

_DECIMAL = re.compile(r"\d*\.\d+|\d+(?:\.\d*)?e[+-]?\d+", re.ASCII | re.IGNORECASE)


class Row(NamedTuple):
    """An object.

    Attributes:
        ring: its four corners as written, in either direction.
        label: of its class.
        difficult: as written; 0 if it is not there.
    """

    ring: Ring
    label: str
    difficult: int


def parse_header(line: str) -> tuple[str, Any] | None:
    """(name, value) of a line about the image; None if it is none."""
    match = _HEADER.fullmatch(line)
    if match is None:
        return None
    name, text = match[1].lower(), match[2].strip()
    if name != "gsd":
        return name, text
    try:
        value = float(text)
    except ValueError:
        return name, None if text.lower() in ("null", "none", "") else text
    return name, value if math.isfinite(value) else text


def header_line(name: str, value: Any) -> str | None:
    """A line about the image; None if it cannot be written."""
    if name == "gsd":
        value = written(value) if type(value) in (int, float) else value
        value = "null" if value is None else value
    fits = isinstance(value, str) and value == value.strip() and len(value.splitlines()) < 2
    line = f"{name}:{value}"
    return line if name in HEADERS and fits and parse_header(line) is not None else None


def parse_row(line: str) -> Row | str:
    """The object of a line, or what is wrong with it."""
    words = line.split()
    if len(words) < 9:
        return f"expected eight numbers, a class and 0 or 1, got {len(words)} columns"
    numbers = []
    for column, word in enumerate(words[:8], 1):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not abs(value) <= MAX_COORDINATE:
            return f"column {column}: expected a coordinate, got {word[:40]!r}"
        numbers.append(value)
    if is_yolo(words):
        return "expected eight numbers and a class, got YOLO's number of a class and eight numbers"
    rest = words[8:]
    difficult = 0
    if len(rest) > 1 and re.fullmatch(r"\d", rest[-1], re.ASCII):
        difficult = int(rest.pop())
    return Row(tuple(numbers), " ".join(rest), difficult)


def is_yolo(words: Sequence[str]) -> bool:
    """Whether a row has the number of a class before four normalised corners, as YOLO has it.

    The last of them would be the class: it has to have decimals.
    """
    if len(words) != 9 or not _DECIMAL.fullmatch(words[8]) or not words[0].isdecimal():
        return False
    try:
        return all(0 <= float(word) <= 1 for word in words[1:])
    except ValueError:
        return False


def row_line(ring: Ring, label: str, difficult: int) -> str:
    """The line of an object."""
    return f"{' '.join(map(written, ring))} {label} {difficult}\n"
