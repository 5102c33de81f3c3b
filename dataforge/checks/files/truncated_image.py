"""An image that cannot be decoded completely."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding, Place
from dataforge.records import Image


class Check(base.Check):
    """Decodes each image, at an eighth of its size if possible."""

    def image(self, image: Image) -> Iterator[Finding]:
        if fault := self.data.file(image).fault:
            message = f"cannot be decoded: {fault}"
            yield self.finding(Place(image.file_name), message, "restore the image, or delete it")
