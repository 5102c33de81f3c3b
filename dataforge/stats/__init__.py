"""A dataset in numbers: classes, sizes, shapes, positions, and what they advise."""

from __future__ import annotations

from dataforge.stats.plots import Plots
from dataforge.stats.report import (
    Advice,
    AnchorFit,
    Anchors,
    ClassStats,
    Histogram,
    Quantiles,
    Stats,
)
from dataforge.stats.run import StatsOptions, stats

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
