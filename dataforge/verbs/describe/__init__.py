"""Describes the model of a training config from running it once.

`measuring.py` runs it, `parts.py` makes stages of its modules, `coverage.py` compares anchors with
the boxes of the training set. What differs between frameworks is in their `LiveModel`.
"""

from __future__ import annotations

from dataforge.verbs.describe.report import (
    Coverage,
    Description,
    Level,
    LevelOfAnchors,
    Part,
)
from dataforge.verbs.describe.run import describe

__all__ = ["Coverage", "Description", "Level", "LevelOfAnchors", "Part", "describe"]
