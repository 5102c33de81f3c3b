"""An image file that is identical to another one."""

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
        for name, twin in alike.inside():
            message = f"is identical to {twin}"
            yield self.finding(Place(name), message, "keep one of the two, with its annotations")
