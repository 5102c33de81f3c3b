"""Categories of a COCO file whose ids are not one after the other.

What: between the lowest and the highest id of ``categories`` some are missing.

Why: by itself this is no fault: COCO's own 80 categories have ids from 1 to 90. dataforge,
pycocotools and mmdetection go by the list. Code that takes the id for the label, or the highest id
for the number of classes, does not: it gets labels that do not exist.

Example: ``"categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}]``.

Fix: none is needed for mmdetection. `dataforge coco filter IN.json OUT.json` gives ids from 1
without gaps.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document, category_ids
from dataforge.records import Finding, Image

SEVERITY = "note"
FORMATS = ("coco",)


class Check(_base.Check):
    """Looks at the categories of each file."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        ids = {number for number in category_ids(document).values() if isinstance(number, int)}
        if ids and len(ids) < max(ids) - min(ids) + 1:
            message = f"{len(ids)} categories have ids from {min(ids)} to {max(ids)}, with gaps"
            remedy = "harmless, unless some code takes the ids for labels"
            yield self.finding(document.name, message, remedy, where="$.categories")
