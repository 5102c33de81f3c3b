"""A grey image among coloured ones, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.records import Image

GREY = 3.0
"""Levels of chroma, of 128, that a grey image does not exceed: JPEG rounds by one or two."""

FEW = 0.25
"""Share of the images up to which each is reported."""

_REMEDY = "check that it belongs here; a detector may learn to tell them by colour"


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
        are_grey = number * 2 <= len(grey)  # the fewer ones
        few = [name for name, is_grey in grey.items() if is_grey is are_grey]
        if len(few) > FEW * len(grey):
            yield self.finding(
                Place(few[0]),
                f"{number:,} of {len(grey):,} images are grey, and the rest have colours; this is "
                f"the first that {'is grey' if are_grey else 'has colours'}",
                _REMEDY,
            )
            return
        what, others = ("is grey", "have colours") if are_grey else ("has colours", "are grey")
        for name in few:
            message = f"{what}, and {len(grey) - len(few):,} of {len(grey):,} images {others}"
            yield self.finding(Place(name), message, _REMEDY)
