"""Curves of training, from the logs of all frameworks."""

from __future__ import annotations

from dataforge.verbs.curves.choosing import Curve, choose, names, smoothed
from dataforge.verbs.curves.logs import Log, Point, read_log, shared_name
from dataforge.verbs.curves.picture import MOST_DRAWN, Axis, draw
from dataforge.verbs.curves.text import ASCII, BLOCKS, sparkline

__all__ = [
    "ASCII",
    "BLOCKS",
    "MOST_DRAWN",
    "Axis",
    "Curve",
    "Log",
    "Point",
    "choose",
    "draw",
    "names",
    "read_log",
    "shared_name",
    "smoothed",
    "sparkline",
]
