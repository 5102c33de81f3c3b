"""A category whose id is another one in another COCO file.

What: two COCO files of the dataset have a category of the same name under two ids.

Why: dataforge and mmdetection go by the names. Whatever goes by the ids, as torchvision's examples
and scripts that evaluate one file's predictions against another do, takes one class for another.

Example: ``cat`` is 1 in train.json and 2 in val.json.

Fix: merge the files by `dataforge coco merge`, and split the one that comes of it by `dataforge
split`; or write both with one list of categories.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.files import Document, category_ids
from dataforge.records import Finding, Image

SEVERITY = "warning"
FORMATS = ("coco",)


class Check(_base.Check):
    """Remembers the id of each name and the file that had it first."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.known: dict[str, tuple[Any, str]] = {}

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        differing = []
        for name, number in category_ids(document).items():
            first, file = self.known.setdefault(name, (number, document.name))
            if first != number:
                differing.append(f"{name!r} has the id {number!r}, in {file} {first!r}")
        if differing:
            more = f", and {len(differing) - 1} more" if len(differing) > 1 else ""
            remedy = "write all files with one list of categories"
            yield self.finding(document.name, differing[0] + more, remedy, where="$.categories")
