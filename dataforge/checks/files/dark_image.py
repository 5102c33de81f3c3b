"""An image that is almost black."""

from __future__ import annotations

from dataforge.checks.unlike import UnlikeCheck
from dataforge.records import Image

DARK = 64.0
"""Grey level, of 255, that the brightest hundredth of a dark image does not reach."""

_RANK = 1013
"""Of the 1,024 levels of an image: so many are darker than its brightest hundredth."""


class Check(UnlikeCheck):
    """Looks at the grey levels of each image's 32 x 32 parts."""

    most = "are dark"
    remedy = "check whether its objects can be seen; brighten it, or leave it out"

    def trait(self, image: Image) -> str:
        import numpy as np

        file = self.data.file(image)
        header, grey = file.header, file.grey
        if header is None or grey is None or header.mode.startswith(("I", "F")):
            return ""
        if grey.mean() >= DARK + 3:  # the usual case; the brightest hundredth adds less than 2
            return ""
        level = float(np.partition(grey.ravel(), _RANK)[_RANK])
        return f"is dark: 99% of it is below level {level + 1:.0f} of 255" if level < DARK else ""
