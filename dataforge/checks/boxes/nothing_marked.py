"""A dataset, or its train split, without annotated objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.errors import plural
from dataforge.findings import Finding, Place


class Check(base.Check):
    """Counts the images of each split, and those of them with objects."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        numbers: Counter[str] = Counter()
        marked: Counter[str] = Counter()
        for seen in whole.images:
            numbers[seen.split or ""] += 1
            marked[seen.split or ""] += bool(seen.labels)
        images = plural(numbers.total(), "image")
        if numbers and not marked.total():
            unknown = self.data.format == "images"
            yield self.finding(
                Place("."),
                f"{images}, but no recognised annotation files"
                if unknown
                else f"{images} without annotations",
                "run `dataforge inspect` to see what is here, or name the format with --from"
                if unknown
                else "check that the annotation files match the images and contain objects",
            )
            return
        for split, number in numbers.items():
            empty = number - marked[split]
            if empty * 2 > number:
                nothing = split == "train" and empty == number
                yield self.finding(
                    Place(".", split),
                    f"{empty:,} of {plural(number, 'image')} without annotations",
                    "check whether their annotations are missing; if not, they are background",
                    severity="error" if nothing else "note",
                )
