"""Annotations of a COCO file that have no id, or that of another one.

What: an ``id`` of an annotation is missing, is neither number nor text, or came before. It is told
once for each file, with the number.

Why: nothing is lost here, as all ids are given anew. But pycocotools keeps annotations by their
ids: of two with one id it evaluates one twice and the other not at all, and without an id it stops.

Example::

    "annotations": [{"id": 1, "image_id": 1, ...}, {"id": 1, "image_id": 2, ...}]

Fix: --fix gives those without an id of their own new ones, after the largest; the first of several
keeps its. It is safe where nothing outside of the file speaks of these ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text
from dataforge.formats.coco import is_id
from dataforge.records import Image

SEVERITY = "warning"
FIX = "safe"
FORMATS = ("coco",)


class _Entry(msgspec.Struct):
    id: Any = None


_decode = msgspec.json.Decoder(_Entry).decode


def _id(raw: msgspec.Raw) -> Any:
    """An annotation's id; of what is no object, which the reader tells, something that is none."""
    try:
        return _decode(raw).id
    except msgspec.ValidationError:
        return _NO_OBJECT


_NO_OBJECT = object()


class Fix(_fix.Fix):
    """Numbers anew what has no id of its own."""

    def document(self, text: Text, image: Image) -> Iterator[Edit]:
        ids = [_id(raw) for raw in text.document.coco.annotations]
        largest = max((i for i in ids if isinstance(i, int) and not isinstance(i, bool)), default=0)
        seen: set[Any] = set()
        for index, number in enumerate(ids):
            if number is _NO_OBJECT:
                continue
            if is_id(number) and number not in seen:
                seen.add(number)
                continue
            largest += 1
            yield text.edit(*text.json.put(("annotations", index), {"id": str(largest)}))
