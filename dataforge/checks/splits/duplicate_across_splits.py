"""An image that is also in another split, under another name."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.alike import Bytes, SameFiles
from dataforge.findings import Finding, Place


class Check(base.Check):
    """Compares the files of all images at the end."""

    gatherers = (Bytes,)

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        alike = facts.shared(SameFiles, whole)
        for name, twin in alike.across():
            here, there = map(alike.splits, (name, twin))
            message = f"({here}) is identical to {twin} ({there})"
            yield self.finding(Place(name), message, "remove one of the two")
