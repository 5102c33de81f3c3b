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

from dataforge.checks.alike import Gathering, LookAlike
from dataforge.records import Finding

SEVERITY = "warning"
PIXELS = True


class Check(Gathering):
    """Gathers what images look like, and compares it at the end."""

    kind = LookAlike

    def finish(self) -> Iterator[Finding]:
        for name, twin in self.alike.across():
            here, there = map(self.alike.splits, (name, twin))
            message = f"({here}) looks the same as {twin} ({there})"
            yield self.finding(name, message, "keep what belongs together in one split")
