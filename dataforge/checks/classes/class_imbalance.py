"""A class that is at least a hundred times rarer than another."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding

MOST = 100
"""Ratio to the most frequent class from which a class counts as rare."""


class Check(base.Check):
    """Compares the counts of all classes."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        classes = whole.classes
        shapes = classes.shapes()
        most = max(shapes, key=lambda name: shapes[name], default="")
        for name, number in shapes.items():
            if number and shapes[most] >= MOST * number:
                ratio = shapes[most] // number
                message = (
                    f"{most!r} has {ratio:,} times as many shapes as {name!r} "
                    f"({shapes[most]:,} and {number:,}; this is the first)"
                )
                remedy = (
                    "annotate more of the rare class, oversample its images, or merge or drop it"
                )
                yield self.finding(classes.first(name), message, remedy)
