"""A dataset in numbers: classes, sizes, shapes, positions, and what they advise."""

from __future__ import annotations

from dataforge.verbs.stats.collect import (
    GRID,
    RATIO_EDGES,
    SIDE_EDGES,
    Parts,
    Sums,
    objects_of,
    parts_of,
)
from dataforge.verbs.stats.plots import Plots
from dataforge.verbs.stats.reduce import reduced
from dataforge.verbs.stats.report import (
    Advice,
    AnchorFit,
    Anchors,
    ClassStats,
    Histogram,
    Quantiles,
    Stats,
)
from dataforge.verbs.stats.run import StatsOptions, stats

__all__ = [
    "GRID",
    "RATIO_EDGES",
    "SIDE_EDGES",
    "Advice",
    "AnchorFit",
    "Anchors",
    "ClassStats",
    "Histogram",
    "Parts",
    "Plots",
    "Quantiles",
    "Stats",
    "StatsOptions",
    "Sums",
    "objects_of",
    "parts_of",
    "reduced",
    "stats",
]
