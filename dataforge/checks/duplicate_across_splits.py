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

from dataforge.checks import _base
from dataforge.checks._alike import SameBytes
from dataforge.records import Finding, Image

SEVERITY = "warning"
IMAGES = True


class Check(_base.Check):
    """Gathers images, and compares those of one size in bytes at the end."""

    def image(self, image: Image) -> Iterator[Finding]:
        self.data.shared(SameBytes).add(image)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        alike = self.data.shared(SameBytes)
        for name, twin in alike.across():
            message = (
                f"({alike.splits(name)}) holds the same bytes as {twin} ({alike.splits(twin)})"
            )
            yield self.finding(name, message, "take one of the two out")
