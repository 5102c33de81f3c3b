"""A label of more than one word.

What: a label has a space in it.

Why: Acme's own tools show the first word alone.

Example: ``big dog 1 2 3 4``.

Fix: join the words.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.records import Finding, Image

GROUP = "acme"
SEVERITY = "note"
FORMATS = ("acme",)


class Check(_base.Check):
    """Looks at each label."""

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if " " in instance.label:
                yield self.finding_on(image, instance, f"{instance.label!r}", "join the words")
