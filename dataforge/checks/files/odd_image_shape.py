"""An image that is much longer than it is high, or the reverse."""

from __future__ import annotations

from dataforge.checks.unlike import UnlikeCheck
from dataforge.records import Image

ODD = 3.0
"""Long side divided by short side."""


class Check(UnlikeCheck):
    """Looks at the size of each image."""

    remedy = "check that it belongs here; cut it into parts that are as large as the other images"

    def trait(self, image: Image) -> str:
        header = self.data.file(image).header
        if header is None or min(header.size) < 1:
            return ""
        width, height = header.size
        ratio = max(width, height) / min(width, height)
        if ratio < ODD:
            return ""
        way = "wide as it is high" if width > height else "high as it is wide"
        return f"is {ratio:.1f} times as {way} ({width}x{height})"
