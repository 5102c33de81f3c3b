"""An image that looks the same as one in another split."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.alike import Looks, SameLooks
from dataforge.findings import Finding, Place


class Check(base.Check):
    """Compares the looks of all images at the end."""

    gatherers = (Looks,)

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        alike = facts.shared(SameLooks, whole)
        for name, twin in alike.across():
            here, there = map(alike.splits, (name, twin))
            message = f"({here}) looks the same as {twin} ({there})"
            yield self.finding(Place(name), message, "keep related images in one split")
