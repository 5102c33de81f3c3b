"""The four numbers of a ``<bndbox>``; `dataforge.geometry` makes edges of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from dataforge.records import Box

T = TypeVar("T")

BOUNDS = ("xmin", "ymin", "xmax", "ymax")
"""Elements of a <bndbox>."""


def in_order(corners: Sequence[T], bounds: Box) -> list[T]:
    """The smallest x, smallest y, largest x and largest y of a box: its texts, or its elements."""
    x0, y0, x1, y1 = corners
    if bounds[0] > bounds[2]:
        x0, x1 = x1, x0
    if bounds[1] > bounds[3]:
        y0, y1 = y1, y0
    return [x0, y0, x1, y1]


def is_reversed(box: Box) -> bool:
    """Whether x0 is greater than x1, or y0 than y1."""
    return box[0] > box[2] or box[1] > box[3]
