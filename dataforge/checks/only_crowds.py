"""A class of which every annotation is a crowd.

What: all annotations of a class in a COCO dataset, three or more, have ``iscrowd`` 1.

Why: mmdetection and torchvision train on no crowd, and evaluation counts none, so that nothing of
this class is learnt. Some exporters set the flag for whatever they write as a run-length mask,
while it says what the object is and not how it is written down: a mask with ``iscrowd`` 0 is fine.

Example: 412 masks of ``sheep``, each with ``"iscrowd": 1``.

Fix: set ``iscrowd`` to 0 where an annotation is one object, or export with another tool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.records import Finding, Image

SEVERITY = "warning"
FORMATS = ("coco",)

_FEWEST = 3


class Check(_base.Check):
    """Counts crowds, and all annotations, by label."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.number: Counter[str] = Counter()
        self.crowds: Counter[str] = Counter()
        self.first: dict[str, tuple[str, str]] = {}

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            self.number[instance.label] += 1
            if instance.iscrowd:
                self.crowds[instance.label] += 1
                self.first.setdefault(instance.label, (image.source, instance.where))
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for label, crowds in self.crowds.items():
            if crowds == self.number[label] >= _FEWEST:
                file, where = self.first[label]
                message = f"all {crowds:,} annotations of {label!r} are crowds: none is trained on"
                yield self.finding(file, message, "set iscrowd to 0 for one object", where=where)
