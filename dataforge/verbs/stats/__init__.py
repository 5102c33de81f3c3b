"""A dataset in numbers: classes, sizes, shapes, positions, and what they advise."""

from __future__ import annotations

from dataforge.verbs.stats.plots import Plots
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
    "Advice",
    "AnchorFit",
    "Anchors",
    "ClassStats",
    "Histogram",
    "Plots",
    "Quantiles",
    "Stats",
    "StatsOptions",
    "stats",
]
