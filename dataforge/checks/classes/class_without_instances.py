"""A class without objects."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.codes import code
from dataforge.findings import Finding, Place


def without_instances(name: str) -> Finding:
    """The finding on a class without objects."""
    return code("class-without-instances").at(
        Place("."),
        f"no objects of class {name!r}",
        "check its spelling in the data, or remove it from the classes",
    )


class Check(base.Check):
    """Looks at the counts of all classes."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        for name, shapes in whole.classes.shapes().items():
            if not shapes:
                yield without_instances(name)
