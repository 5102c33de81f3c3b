"""A VOC object whose difficult is neither 0 nor 1.

What: ``<difficult>`` is there and holds something else: nothing, ``Unspecified``, ``true``,
``0.0``. dataforge understands these; what it does not understand counts as 0.

Why: mmdetection reads the flag by ``int(difficult.text)`` when the image's turn comes, and the
training stops there, be it after hours.

Example::

    <difficult>Unspecified</difficult>

Fix: write 0 or 1, or leave the tag out.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.checks._files import Document
from dataforge.formats.voc import understood_difficult
from dataforge.records import Finding, Image

SEVERITY = "warning"
FORMATS = ("voc",)


class Check(_base.Check):
    """Looks at what the reader understands and mmdetection does not."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        for item in document.xml.iter("object"):
            tag = item.find("difficult")
            if tag is None or (tag.text or "").strip() in ("0", "1"):
                continue
            flag, problem = understood_difficult(tag.text)
            if not problem:
                message = f"difficult: want 0 or 1, got {tag.text!r}; taken as {int(flag)}"
                yield self.finding(document.name, message, where=f"line {item.sourceline}")
