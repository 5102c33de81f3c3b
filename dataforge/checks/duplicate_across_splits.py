"""An image that is in another split too, under another name.

What: two image files hold the same bytes, and are in two splits. `inspect` says so of an image
that two splits list, too; `check` calls that image-in-two-splits.

Why: the detector is evaluated on what it was trained on, and the numbers flatter.

Example::

    train/0007.jpg
    val/0007 (copy).jpg

Fix: take one of them, and its annotations, out of the dataset; `dataforge split` makes new splits.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks.alike import Gathering, SameBytes
from dataforge.records import Finding

SEVERITY = "warning"
IMAGES = True


class Check(Gathering):
    """Gathers images, and compares those of one size in bytes at the end."""

    kind = SameBytes

    def finish(self) -> Iterator[Finding]:
        for name, twin in self.alike.across():
            here, there = map(self.alike.splits, (name, twin))
            message = f"({here}) holds the same bytes as {twin} ({there})"
            yield self.finding(name, message, "take one of the two out")
