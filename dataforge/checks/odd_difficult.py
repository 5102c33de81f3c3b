"""A VOC object whose difficult is neither 0 nor 1.

What: ``<difficult>`` is there and holds something else: nothing, ``Unspecified``, ``true``,
``0.0``. dataforge understands these; what it does not understand counts as 0.

Why: mmdetection reads the flag by ``int(difficult.text)`` when the image's turn comes, and the
training stops there, be it after hours.

Example::

    <difficult>Unspecified</difficult>

Fix: write 0 or 1: --fix does where it is understood, and it is safe, as it writes what the value
was taken as. What is not understood is for a person to mend.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.files import Document
from dataforge.checks.text import Edit, Text
from dataforge.formats.voc import understood_difficult
from dataforge.records import Finding, Image

SEVERITY = "warning"
FIX = "safe"
FORMATS = ("voc",)


class Check(_base.Check):
    """Looks at what the reader understands and mmdetection does not."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        for item in document.xml.iter("object"):
            text = item.findtext("difficult", "0")
            flag = _meant(text)
            if flag is not None:
                message = f"difficult: want 0 or 1, got {text!r}; taken as {int(flag)}"
                yield self.finding(document.name, message, where=f"line {item.sourceline}")


class Fix(_fix.Fix):
    """Writes 0 or 1."""

    def document(self, text: Text, image: Image) -> Iterator[Edit]:
        for item in text.xml.iter("object"):
            tag = item.find("difficult")
            flag = None if tag is None or tag.value is None else _meant(tag.value)
            if tag and flag is not None:
                yield text.edit(tag.replaced(str(int(flag))))


def _meant(text: str) -> bool | None:
    """The flag that an odd value stands for; None where it is not odd, or not understood."""
    flag, problem = understood_difficult(text)
    return None if problem or text.strip() in ("0", "1") else flag
