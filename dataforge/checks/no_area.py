"""COCO annotations that do not state their area.

What: ``area`` is missing or null. That of the outline, the mask or the box is taken. It is told
once for each file, with the number.

Why: COCO's evaluation sorts objects by it, and mmdetection stops with a KeyError where it is
missing.

Example: ``{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28]}``.

Fix: --fix writes the area that is taken; it is safe. So does converting the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text, number, path_of
from dataforge.records import Image

SEVERITY = "note"
FIX = "safe"
FORMATS = ("coco",)


class Fix(_fix.Fix):
    """Writes the area that the reader has taken."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        for instance in image.instances:
            path = path_of(instance.where)
            if _fix.entry(text, path).get("area") is None:
                yield text.edit(*text.json.put(path, {"area": number(instance.area)}))
