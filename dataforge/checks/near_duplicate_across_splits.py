"""An image that looks the same as one of another split.

What: two images of two splits look the same, and their files differ; near-duplicate-image says
when that is so.

Why: the detector is evaluated on what it was trained on, and the numbers flatter. So it goes with
frames of one film that were dealt out to the splits one by one.

Example::

    train/film_0007.jpg
    val/film_0008.jpg

Fix: take one of them out, or keep what belongs together in one split: `dataforge split --group-by`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.checks._alike import LookAlike
from dataforge.records import Finding, Image

SEVERITY = "warning"
IMAGES = True


class Check(_base.Check):
    """Gathers what images look like, and compares it at the end."""

    def image(self, image: Image) -> Iterator[Finding]:
        self.data.shared(LookAlike).add(image)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        alike = self.data.shared(LookAlike)
        for name, twin in alike.across():
            message = f"({alike.splits(name)}) looks the same as {twin} ({alike.splits(twin)})"
            yield self.finding(name, message, "keep what belongs together in one split")
