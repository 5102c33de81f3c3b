"""A class that nothing is marked with.

What: the classes are declared, by the dataset or by --labels, and no shape of the whole dataset
has this one.

Why: the detector gets an output that is never taught, and every average over the classes counts a
zero. Most often the name is spelt otherwise in the annotations.

Example: ``"categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]`` where all
annotations have ``"category_id": 1``.

Fix: correct the spelling, mark such objects, or take the class out of the declared ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding

SEVERITY = "warning"


def nothing_marked(name: str) -> Finding:
    """The finding on a class that nothing is marked with."""
    return Finding(
        code="class-without-instances",
        severity="warning",
        file=".",
        message=f"nothing is marked with the class {name!r}",
        remedy="check its spelling in the data, or take it out of the classes",
    )


class Check(_base.Check):
    """Looks at the numbers when all shapes have been counted."""

    def finish(self) -> Iterator[Finding]:
        for name, shapes in self.data.classes.shapes().items():
            if not shapes:
                yield nothing_marked(name)
