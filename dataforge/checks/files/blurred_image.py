"""An image without detail."""

from __future__ import annotations

from dataforge.checks.unlike import UnlikeCheck
from dataforge.records import Image

BLURRED = 0.35
"""Sharpness, see `dataforge.checks.opened.ImageFile`, below which an image is blurred."""


class Check(UnlikeCheck):
    """Measures how much neighbours differ in each image, at 64 pixels."""

    most = "are blurred, or smooth by nature"
    remedy = "check whether its objects can be told apart; leave it out if they cannot"

    def trait(self, image: Image) -> str:
        sharpness = self.data.file(image).sharpness
        if sharpness is None or sharpness >= BLURRED:
            return ""
        return f"is blurred: sharpness {sharpness:.2f}, usual are 0.6 and more"
