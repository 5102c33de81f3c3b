"""Greyscale images with more than 8 bits per pixel."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.records import Image


class Check(base.Check):
    """Looks at each image's header."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        header = self.data.file(image).header
        if header and header.mode.startswith(("I", "F")):
            yield self.fact([image.file_name, header.mode])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        deep = dict(facts.of(self.name))
        for name, mode in [*deep.items()][:1]:
            yield self.finding(
                Place(name),
                f"{plural(len(deep), 'image')} with more than 8 bits per pixel; this one has "
                f"mode {mode}",
                "save them with 8 bits, with the same scaling for all of them",
            )
