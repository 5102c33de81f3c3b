"""A class that is a hundred times rarer than another.

What: the class with the most shapes has 100 times as many as this one, or more. Classes without
any shape are another finding.

Why: a detector sees the rare class so seldom that it mostly learns not to say it, and a few objects
in the evaluation decide its AP. Nothing of the data is wrong: the numbers are to be known.

Example: 4,155 ``person`` and 3 ``hair dryer``: 1,385 to 1.

Fix: mark more of the rare class, repeat its images (mmdetection's ClassBalancedDataset), merge it
into a wider class by --merge, or leave it out by --drop.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding

SEVERITY = "note"

MOST = 100
"""Shapes of the most frequent class for each shape of a class that is no longer rare."""


class Check(_base.Check):
    """Looks at the numbers when all shapes have been counted."""

    def finish(self) -> Iterator[Finding]:
        classes = self.data.classes
        shapes = classes.shapes()
        most = max(shapes, key=lambda name: shapes[name], default="")
        for name, number in shapes.items():
            if number and shapes[most] >= MOST * number:
                file, where = classes.first(name)
                ratio = shapes[most] // number
                message = (
                    f"{most!r} has {ratio:,} times as many shapes as {name!r} "
                    f"({shapes[most]:,} and {number:,}; the first is here)"
                )
                remedy = "mark more of the rare class, repeat its images, or merge or drop it"
                yield self.finding(file, message, remedy, where=where)
