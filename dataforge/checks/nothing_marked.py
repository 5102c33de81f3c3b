"""A dataset, or its train split, in which nothing or next to nothing is marked.

What: no image of the dataset has an object, or none of the split train; where no annotation file
was recognised, the images are read as such. It is a note where more than half of a split's images
are without objects, which may be meant as background.

Why: a detector that is shown no object learns that there is none. mmdetection leaves images without
objects out of the training, and stops where none is left; other trainers go on, and the loss looks
splendid.

Example: label files called ``0001.jpg.txt`` beside ``0001.jpg``, rows with commas between their
numbers, an export of the images alone.

Fix: `dataforge inspect` says which annotation files were recognised; --reads names the format where
none was, and each file then says what is wrong with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.errors import plural
from dataforge.records import Finding, Image

SEVERITY = "error"


class Check(_base.Check):
    """Counts the images of each split, and those of them with objects."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.images: Counter[str] = Counter()
        self.marked: Counter[str] = Counter()

    def image(self, image: Image) -> Iterator[Finding]:
        self.images[image.split or ""] += 1
        self.marked[image.split or ""] += bool(image.instances)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        images = plural(self.images.total(), "image")
        if self.images and not self.marked.total():
            unknown = self.data.format == "images"
            yield self.finding(
                ".",
                f"{images} and no annotation file that is recognised"
                if unknown
                else f"{images} and nothing is marked",
                "`dataforge inspect` says what is here; --reads FORMAT reads it as that"
                if unknown
                else "look whether the label files belong to the images, and hold objects",
            )
            return
        for split, number in self.images.items():
            empty = number - self.marked[split]
            if empty * 2 > number:
                nothing = split == "train" and empty == number
                yield self.finding(
                    ".",
                    f"nothing is marked in {empty:,} of {plural(number, 'image')}",
                    "look whether their labels are lost, or let them be background",
                    where=split,
                    severity="error" if nothing else "note",
                )
