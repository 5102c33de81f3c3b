"""Two annotations of the same image whose boxes differ by exactly one pixel.

What: the boxes of an image are those of another annotation of it, but for one pixel: all upper left
corners are one pixel off, all lower right ones, or both. Compared are

- all formats in the folder, such as a COCO file beside the XML files that it was made of;
- images of the same name and size in several folders or COCO files;
- the boxes of one image among each other, as a merge of two such sets leaves them.

It is told once for each kind, where two boxes or more are shifted and more images are shifted than
are the same. Boxes that differ otherwise, or by other distances, are nobody's fault.

Why: VOC counts pixels from 1 and its ``xmax`` is the last one inside, COCO and labelme count from 0
and to the edge. A script that forgot this shifts all boxes, and nothing else tells: a detector
trained on one set and evaluated on the other loses most on small objects, where one pixel is much.

Example: ``<xmin>10</xmin>...<xmax>30</xmax>`` in the XML file of an image, and ``"bbox": [9, ...]``
for it in a COCO file beside it.

Fix: find out which set is right (for XML files: `dataforge inspect` says how they count), and make
the other one anew from it with `dataforge convert`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.coordinates_too_large import measurable
from dataforge.datasets import Source
from dataforge.errors import DataforgeError, plural
from dataforge.inspect import formats_in
from dataforge.io import stem
from dataforge.records import Box, Finding, Image

SEVERITY = "warning"

_SHIFTS: dict[str, tuple[int, int, int, int]] = {
    "the upper left corners": (1, 1, 0, 0),
    "the lower right corners": (0, 0, 1, 1),
    "all corners": (1, 1, 1, 1),
}
_FRACTION = 4  # coordinates are compared to a quarter of a pixel

_Rounded = tuple[int, int, int, int]
_Key = tuple[str, int, int]
"""What an image is told by, in whatever folder: its name, width and height."""


class _Set(msgspec.Struct, frozen=True):
    """The boxes of one image: where they stand, and how many they are."""

    file: str
    where: str
    boxes: int


class Check(_base.Check):
    """Keeps the sum of each image's boxes; reads the folder's other formats at the end."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.images_known: set[_Key] = set()
        self.sets: dict[tuple[_Key, int], list[_Set]] = defaultdict(list)  # by their sum, too
        self.sources: set[str] = set()
        self.same = 0
        self.images: Counter[str] = Counter()
        self.boxes: Counter[str] = Counter()
        self.twice: Counter[str] = Counter()
        self.first: dict[str, tuple[_Set, _Set]] = {}
        self.first_twice: dict[str, tuple[str, str]] = {}

    def image(self, image: Image) -> Iterator[Finding]:
        self.sources.add(image.source)
        self._take(image)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for format_ in self._other_formats():
            self._read(format_)
        for which in _SHIFTS:
            if self.boxes[which] > 1 and self.images[which] > self.same:
                one, other = self.first[which]
                yield self.finding(
                    other.file,
                    f"{which} of all boxes are 1 px farther to the lower right than in "
                    f"{one.file}, for the same image; so it is with "
                    f"{plural(self.images[which], 'image')}",
                    "find out which of the two is right, and make the other one anew from it",
                    where=other.where,
                )
            if self.twice[which] > 1:
                file, where = self.first_twice[which]
                yield self.finding(
                    file,
                    f"{self.twice[which]:,} boxes are there a second time, {which} 1 px off; "
                    "this is the first",
                    "two sets of annotations were put together: keep one",
                    where=where,
                )

    def _other_formats(self) -> list[str]:
        """Those of annotation files that no image came from."""
        images = {name for name, _, _ in self.images_known}
        for name in self.data.root.files():
            known = name in self.sources or not name.lower().endswith((".json", ".xml", ".txt"))
            # A list of a split is called like no image.
            if not known and (not name.lower().endswith(".txt") or _last(name) in images):
                break
        else:
            return []
        return [name for name in formats_in(self.data.root) if name != self.data.format]

    def _read(self, format_: str) -> None:
        try:
            for record in Source(self.data.root, format_, {}).records(str.strip):
                if isinstance(record, Image):
                    self._take(measurable(record)[0])
        except DataforgeError:
            return  # it is not what is checked; a check of its own says why

    def _take(self, image: Image) -> None:
        rounded = [_rounded(instance.box) for instance in image.instances]
        if not rounded:
            return
        self._compare_inside(image, rounded)
        new = _Set(image.source or image.file_name, image.where, len(rounded))
        key = _last(image.file_name), image.width, image.height
        same = self.sets[key, _sum(rounded)]
        if new in same:
            return  # the same entry, in another split
        self.same += len(same)
        if key in self.images_known:
            self._compare(key, rounded, new)
        self.images_known.add(key)
        same.append(new)

    def _compare(self, key: _Key, rounded: Sequence[_Rounded], new: _Set) -> None:
        """Count the sets of an image that were met before and are shifted, the one or the other."""
        for which, by in _SHIFTS.items():
            a, b, c, d = by
            before = self.sets.get((key, _sum(_moved(rounded, (-a, -b, -c, -d)))), ())
            beyond = self.sets.get((key, _sum(_moved(rounded, by))), ())
            for one, other in (*((old, new) for old in before), *((new, old) for old in beyond)):
                self.images[which] += 1
                self.boxes[which] += one.boxes
                self.first.setdefault(which, (one, other))

    def _compare_inside(self, image: Image, rounded: Sequence[_Rounded]) -> None:
        there = set(rounded)
        for which, by in _SHIFTS.items():
            twins = [at for at, box in enumerate(_moved(rounded, by)) if box in there]
            if len(twins) * 2 >= len(rounded):
                self.twice[which] += len(twins)
                place = image.source or image.file_name, image.instances[twins[0]].where
                self.first_twice.setdefault(which, place)


def _last(name: str) -> str:
    """A file's name without folder and extension."""
    return stem(name.rsplit("/", 1)[-1])


def _rounded(box: Box) -> _Rounded:
    x0, y0, x1, y1 = (math.floor(value * _FRACTION + 0.5) for value in box)
    return x0, y0, x1, y1


def _sum(boxes: Iterable[_Rounded]) -> int:
    """The same for the same boxes, whatever their order."""
    return sum(map(hash, boxes))


def _moved(boxes: Sequence[_Rounded], by: tuple[int, int, int, int]) -> Iterator[_Rounded]:
    a, b, c, d = (_FRACTION * step for step in by)
    return ((x0 + a, y0 + b, x1 + c, y1 + d) for x0, y0, x1, y1 in boxes)
