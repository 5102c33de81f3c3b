"""A class without objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.checks import base
from dataforge.codes import code
from dataforge.errors import first_of, plural
from dataforge.findings import Finding, Place


def without_instances(names: Sequence[str]) -> Iterator[Finding]:
    """The finding on the classes without objects; none if there are none."""
    if names:
        message = f"no objects of class {names[0]!r}"
        if len(names) > 1:
            which = first_of(map(repr, names))
            message = f"{plural(len(names), 'class')} without objects: {which}"
        yield code("class-without-instances").at(
            Place("."),
            message,
            "check the spelling in the data, or remove what is not needed from the classes",
            count=len(names),
        )


class Check(base.Check):
    """Looks at the counts of all classes."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        counts = whole.classes.shapes()
        return without_instances([name for name, shapes in counts.items() if not shapes])
