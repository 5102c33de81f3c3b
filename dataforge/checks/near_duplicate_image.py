"""An image that looks the same as another.

What: two images look the same, and their files differ: one was saved anew, at another size or
quality, or they are two frames of a scene in which little moved. Their perceptual hashes (pHash, 64
bits) differ in 5 bits or fewer, and their pixels at 16x16 by less than a quarter of their contrast.
What is turned, mirrored or cropped is not found, and images of one colour are not
compared. Of those that share a part of the hash, the last 50 are looked at.

Why: it counts twice in training; if the two are marked differently, the detector is taught both.

Example::

    shots/0007.png
    web/0007_small.jpg

Fix: keep one of them, and its annotations. Of a film, take frames that lie farther apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks.alike import Gathering, LookAlike
from dataforge.records import Finding

SEVERITY = "note"
PIXELS = True


class Check(Gathering):
    """Gathers what images look like, and compares it at the end."""

    kind = LookAlike

    def finish(self) -> Iterator[Finding]:
        for name, twin in self.alike.inside():
            yield self.finding(name, f"looks the same as {twin}", "keep one of the two")
