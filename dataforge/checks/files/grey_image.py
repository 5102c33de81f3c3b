"""A grey image among coloured ones, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.records import Image

GREY = 3.0
"""Levels of chroma, of 128, that a grey image does not exceed: JPEG rounds by one or two."""


class Check(base.Check):
    """Compares the colours of all images."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        if (colour := self.data.file(image).colour) is not None:
            yield self.fact([image.file_name, colour <= GREY])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        grey: dict[str, bool] = dict(facts.of(self.name))
        number = sum(grey.values())
        if not 0 < number < len(grey):
            return
        few = number * 2 <= len(grey)
        if not few:
            number = len(grey) - number
        what = "is grey" if few else "has colours"
        others = "have colours" if few else "are grey"
        rest = len(grey) - number
        for name, is_grey in grey.items():
            if is_grey is few:
                yield self.finding(
                    Place(name),
                    f"{what}, and {rest:,} of {len(grey):,} images {others}",
                    "check that it belongs here; a detector may learn to tell them by colour",
                )
