"""COCO annotations that do not say whether they are a crowd.

What: ``iscrowd`` is missing or null: it is taken as 0. It is told once for each file, with the
number.

Why: torchvision's and other training scripts, and pycocotools when it is asked for crowds, read the
key without a default and stop with a KeyError.

Example: ``{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28], "area": 560}``.

Fix: --fix writes 0; it is safe, as that is what everybody takes it for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.files import Document
from dataforge.checks.text import Edit, Text
from dataforge.records import Finding, Image

SEVERITY = "note"
FIX = "safe"
FORMATS = ("coco",)


class _Entry(msgspec.Struct):
    iscrowd: Any = None


_decode = msgspec.json.Decoder(_Entry).decode


def _lacking(document: Document) -> Iterator[int]:
    """Positions of the annotations without the key."""
    for index, raw in enumerate(document.coco.annotations):
        try:
            if _decode(raw).iscrowd is None:
                yield index
        except msgspec.ValidationError:
            continue  # no object, which the reader tells


class Check(_base.Check):
    """Looks at each annotation."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if found := list(_lacking(document)):
            message = f"does not say iscrowd ({len(found):,} in this file, the first here)"
            where = f"$.annotations[{found[0]}]"
            yield self.finding(document.name, message, "write 0 for one object", where=where)


class Fix(_fix.Fix):
    """Writes 0."""

    def document(self, text: Text, image: Image) -> Iterator[Edit]:
        for index in _lacking(text.document):
            yield text.edit(*text.json.put(("annotations", index), {"iscrowd": "0"}))
