"""An image that is almost white."""

from __future__ import annotations

from dataforge.checks.unlike import UnlikeCheck
from dataforge.records import Image

BRIGHT = 242.0
"""Grey level, of 255, that all but the darkest twentieth of an overexposed image exceeds."""

_RANK = 51
"""Of the 1,024 levels of an image: so many belong to its darkest twentieth."""


class Check(UnlikeCheck):
    """Looks at the grey levels of each image's 32 x 32 parts."""

    most = "are almost white"
    remedy = "check whether its objects can be seen; leave it out if they cannot"

    def trait(self, image: Image) -> str:
        import numpy as np

        file = self.data.file(image)
        header, grey = file.header, file.grey
        if header is None or grey is None or header.mode.startswith(("I", "F")):
            return ""
        if grey.mean() <= 0.9 * BRIGHT:  # the usual case
            return ""
        level = float(np.partition(grey.ravel(), _RANK)[_RANK])
        return f"is almost white: 95% of it is above level {level - 1:.0f} of 255" * (
            level > BRIGHT
        )
