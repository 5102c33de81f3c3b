"""An image whose pixels cannot be decoded, or not all of them.

What: the image's header is in order, but Pillow cannot decode what follows: the file breaks off, or
is damaged. Damage inside of a JPEG that still can be decoded is not seen. Images of more than 64
million pixels are not decoded, JPEGs of more than 4,096 million.

Why: OpenCV, which mmdetection reads images with, fills what is missing of a JPEG with grey and says
nothing, so that objects are marked where there is nothing to see; of other formats it reads
nothing, and the training stops in the middle.

Example: a download that was cut off.

Fix: restore the image, or drop it with its annotations.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding, Image

SEVERITY = "error"
PIXELS = True


class Check(_base.Check):
    """Decodes each image, at an eighth of its size where that can be."""

    def image(self, image: Image) -> Iterator[Finding]:
        if fault := self.data.file(image).fault:
            message = f"cannot be decoded: {fault}"
            yield self.finding(image.file_name, message, "restore the image, or drop it")
