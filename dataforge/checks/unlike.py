"""Images that are unlike what a detector learns from: by what can be seen of each alone.

An image yields what it is; at the end, when it is known how many are like that, those that are few
are reported one by one. If most are, it is how the dataset looks.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.records import Image


class UnlikeCheck(base.Check):
    """A trait of single images.

    Attributes:
        most: what is said if more than half of the images have it; empty to say nothing.
        remedy: see `base.Check.finding`.
    """

    most: str = ""
    remedy: str = ""

    @abstractmethod
    def trait(self, image: Image) -> str:
        """What an image is, as a message; empty if it is not."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        if message := self.trait(image):
            yield self.fact([image.file_name, message])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        found: dict[str, str] = dict(facts.of(self.name))  # an image may be in two splits
        total = len({seen.file_name for seen in whole.images}) if found else 0
        if len(found) * 2 <= total or total == 1:
            for name, message in found.items():
                yield self.finding(Place(name), message, self.remedy)
        elif self.most:
            message = f"{len(found):,} of {total:,} images {self.most}; this is the first"
            yield self.finding(Place(next(iter(found))), message, self.remedy)
