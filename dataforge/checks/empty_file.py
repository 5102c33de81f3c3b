"""An image without any bytes.

What: an image file in the folder is empty, whether it is marked or not.

Why: a copy or a download failed, and most likely this is not the only file that suffered. A trainer
stops at it.

Example: ``0007.jpg``, 0 bytes.

Fix: restore it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.inspect import empty_files
from dataforge.records import Finding

SEVERITY = "error"
IMAGES = True


class Check(_base.Check):
    """Looks at the sizes of all images in the folder."""

    def finish(self) -> Iterator[Finding]:
        return empty_files(self.data.root)
