"""Images whose names are the same where case does not count, or but for their extension.

What: the names of two images in one folder differ in case alone, in their extension alone, or in
both. `convert` says so of two images that the output cannot tell apart, and leaves one out.

Why: on Windows and macOS one of ``a.jpg`` and ``A.jpg`` overwrites the other when they are copied.
VOC, YOLO and labelme have one annotation file for both ``a.jpg`` and ``a.png``: the boxes of one
are taken for the other's.

Example::

    images/0007.jpg
    images/0007.JPG

Fix: rename one of them, and its name in the annotations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.io import is_image, stem
from dataforge.records import Finding, Image

SEVERITY = "warning"


class Check(_base.Check):
    """Remembers names, and compares them with those of all images in the folder."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.known: set[str] = set()

    def image(self, image: Image) -> Iterator[Finding]:
        self.known.add(image.file_name)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        there = {name for name in self.data.image_root.files() if is_image(name)}
        groups: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.known | there):
            groups[stem(name).casefold()].append(name)
        for first, *rest in groups.values():
            for name in rest:
                # What is beside the dataset alone does no harm.
                if {first, name} & self.known:
                    message = f"is called like {first} but for {_difference(first, name)}"
                    yield self.finding(name, message, "rename one of the two")


def _difference(one: str, other: str) -> str:
    if one.casefold() == other.casefold():
        return "case"
    return "its extension" if stem(one) == stem(other) else "its extension and case"
