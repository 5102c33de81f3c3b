"""A class whose name is one slip of the hand away from another's.

What: two class names differ in a final s or in punctuation alone; or they are words of 5 letters
or more, one letter after the first is wrong, missing, too many or swapped with its neighbour, and
one has at most a third of the other's shapes. Names with digits are left alone.

Why: a misspelt label becomes a class of its own with a handful of examples, or, where the classes
are given, is left out. Either way the objects are missing from the class that they belong to.

Example: ``person`` (310 shapes) and ``persno`` (2 shapes).

Fix: correct the label in the annotations, or let --merge or an alias make the two one. If both are
classes, as ``horse`` and ``house`` are, ignore the finding with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.labels import near_misses
from dataforge.records import Finding

SEVERITY = "warning"


class Check(_base.Check):
    """Compares the names when all shapes have been counted."""

    def finish(self) -> Iterator[Finding]:
        classes = self.data.classes
        shapes = classes.shapes()
        for name, twin in near_misses(shapes):
            file, where = classes.first(name)
            message = f"{name!r} ({shapes[name]:,}) is nearly {twin!r} ({shapes[twin]:,})"
            remedy = "if they are one: --merge, an alias, or another label makes them one"
            yield self.finding(file, message, remedy, where=where)
