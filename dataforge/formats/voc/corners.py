"""The four numbers of a ``<bndbox>``; `dataforge.geometry` makes edges of them."""

from __future__ import annotations

from collections.abc import Sequence

from dataforge.records import Box

BOUNDS = ("xmin", "ymin", "xmax", "ymax")
"""Elements of a <bndbox>."""


def in_order(texts: Sequence[str], bounds: Box) -> list[str]:
    """The texts of a box with its corners in order."""
    x0, y0, x1, y1 = texts
    if bounds[0] > bounds[2]:
        x0, x1 = x1, x0
    if bounds[1] > bounds[3]:
        y0, y1 = y1, y0
    return [x0, y0, x1, y1]


def is_reversed(box: Box) -> bool:
    """Whether x0 is greater than x1, or y0 than y1."""
    return box[0] > box[2] or box[1] > box[3]
