"""An image whose file is the same as another's, byte by byte.

What: two image files of different names hold the same bytes. Files of different sizes are not
opened for it.

Why: it counts twice in training, and if the two are marked differently, the detector is taught
both. Two that are in two splits are told as duplicate-across-splits.

Example::

    images/0007.jpg
    images/0007 (copy).jpg

Fix: keep one of them, and its annotations.
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
        for name, twin in self.alike.inside():
            message = f"holds the same bytes as {twin}"
            yield self.finding(name, message, "keep one of the two, and its annotations")
