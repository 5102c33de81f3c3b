"""Spans of a text, and changes to it.

A span is (start, end) in characters, end excluded.
"""

from __future__ import annotations

from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
Change: TypeAlias = tuple[int, int, str]
"""(start, end, new text)."""
Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root of a JSON document."""


def applied(text: str, changes: list[Change]) -> str:
    """The text with changes made; they must be in order and not overlap."""
    parts, at = [], 0
    for start, end, new in changes:
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
