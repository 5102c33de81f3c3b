"""A class whose annotations are all crowds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.records import Image

_FEWEST = 3


class Check(base.Check):
    """Counts crowds and annotations by label."""

    formats = ("coco",)

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        for instance in image.instances:
            if instance.iscrowd:
                place = instance.place
                yield self.fact([instance.label, place.file, place.pointer])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        crowds = Counter(label for label, _, _ in facts.of(self.name))
        number: Counter[str] = Counter()
        for seen in whole.images:
            number.update(seen.instances)
        first = {label: Place(file, at) for label, file, at in reversed(facts.of(self.name))}
        for label, count in crowds.items():
            if count == number[label] >= _FEWEST:
                message = f"all {count:,} annotations of {label!r} are crowds: trainers ignore them"
                yield self.finding(first[label], message, "set iscrowd to 0 for single objects")
