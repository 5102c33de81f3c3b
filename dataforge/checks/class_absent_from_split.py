"""A class that is marked in one split and not in another.

What: the dataset has splits, and a class that occurs in one of them does not in this one.

Why: absent from train, it is never learnt and all of its objects count as missed. Absent from val,
nothing tells whether it is learnt: COCO's evaluation leaves it out of the mean without a word.

Example: the only ten images with a ``wheelchair`` are all in train.

Fix: share the images out anew by --stratify, which shares each class out, or mark more of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.class_without_instances import nothing_marked
from dataforge.records import Finding, Image

SEVERITY = "warning"


def unmarked(instances: Mapping[str, Mapping[str, int]], names: Iterable[str]) -> Iterator[Finding]:
    """A finding for each class that nothing, or nothing of a split, is marked with.

    Args:
        instances: split -> class -> number of instances.
        names: of the classes.
    """
    for name in names:
        lacking = [split for split, counts in instances.items() if not counts.get(name)]
        if len(lacking) == len(instances):
            yield nothing_marked(name)
            continue
        for split in lacking:
            yield _absent(name, split)


def _absent(name: str, split: str) -> Finding:
    return Finding(
        code="class-absent-from-split",
        severity="warning",
        file=".",
        where=split,
        message=f"no {name!r} is marked in this split",
        remedy="share the images out anew by --stratify, or check the spelling in this split",
    )


class Check(_base.Check):
    """Remembers which labels each split has."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.labels: dict[str | None, set[str]] = {}

    def image(self, image: Image) -> Iterator[Finding]:
        labels = self.labels.setdefault(image.split, set())
        labels.update(instance.label for instance in image.instances)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        classes = {
            split: {self.data.classes.canonical(label) for label in labels}
            for split, labels in self.labels.items()
        }
        for name in self.data.classes.names():
            lacking = [split for split, here in classes.items() if name not in here]
            for split in lacking if len(lacking) < len(classes) else ():
                yield _absent(name, split or "no split")
