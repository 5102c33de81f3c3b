"""Images that two splits list.

What: an image is in two splits by its name; trainval, which is train and val, is no other split.

Why: the detector is evaluated on what it was trained on, and the numbers flatter.

Example: ``0007`` stands in ``ImageSets/Main/train.txt`` and in ``ImageSets/Main/test.txt``.

Fix: take it out of one; `dataforge split` makes new splits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.datasets import in_two_splits
from dataforge.records import Finding, Image

SEVERITY = "warning"


class Check(_base.Check):
    """Remembers which image is in which split."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.images: dict[str, set[str]] = defaultdict(set)

    def image(self, image: Image) -> Iterator[Finding]:
        if image.split:
            self.images[image.split].add(image.file_name)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        return in_two_splits(self.images)
