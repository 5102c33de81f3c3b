"""labelme files of a version or dialect that this was not tried on.

What: ``version`` is missing, older than 3.0, newer than 7, or the file is X-AnyLabeling's, which
counts its own versions.

Why: the files are read all the same, by what is in them. But labelme before 3.4 does not say what a
shape is, a later one may have shapes that are not known here, and X-AnyLabeling's rectangles have
four corners and its ``rotation`` shapes are turned boxes, which labelme itself does not open.

Example: ``"version": "2.4.4"`` with ``"kie_linking": []`` in its shapes: X-AnyLabeling.

Fix: none, if the numbers of shapes are what you expect; else open and save the files in labelme.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.files import Document, LabelmeHead
from dataforge.errors import plural
from dataforge.records import Finding, Image

SEVERITY = "note"
FORMATS = ("labelme",)

_OLDEST, _NEWEST = 3, 7


class Check(_base.Check):
    """Counts the files of each dialect and remembers the first."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.files: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if dialect := _dialect(document.labelme):
            self.files[dialect] += 1
            self.first.setdefault(dialect, document.name)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for dialect, number in self.files.items():
            message = f"{plural(number, 'file')} {dialect} (this is the first): read by the content"
            remedy = "look whether all shapes are there"
            yield self.finding(self.first[dialect], message, remedy, where="$.version")


def _dialect(head: LabelmeHead) -> str:
    """What is unusual about a file, or nothing."""
    if head.is_x_anylabeling:
        return "of X-AnyLabeling"
    if head.major is None:
        return "without a version"
    if head.major < _OLDEST:
        return f"of a version before {_OLDEST}.0"
    return f"of a version after {_NEWEST}" if head.major > _NEWEST else ""
