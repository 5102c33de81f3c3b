"""An empty image file."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import empty_files
from dataforge.findings import Finding


class Check(base.Check):
    """Looks at the sizes of all images in the folder."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        return empty_files(self.data.root)
