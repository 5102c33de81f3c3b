"""Two annotations of the same image whose boxes differ by exactly one pixel."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dataforge.checks import base
from dataforge.classes import ClassRules
from dataforge.datasets import Fact, Measurable, Source, formats_in, survey
from dataforge.engines import get_engine
from dataforge.errors import DataforgeError, plural
from dataforge.findings import Finding, Place
from dataforge.formats import Context
from dataforge.io import Root, stem
from dataforge.records import Box, Image

_SHIFTS: dict[str, tuple[int, int, int, int]] = {
    "the upper left corners": (1, 1, 0, 0),
    "the lower right corners": (0, 0, 1, 1),
    "all corners": (1, 1, 1, 1),
}
_FRACTION = 4  # coordinates are compared to a quarter of a pixel

_Rounded = tuple[int, int, int, int]
_Key = tuple[str, int, int]
"""What identifies an image in any folder: its name, width and height."""


class _Set(msgspec.Struct, frozen=True):
    """The boxes of one image: where they are, and how many."""

    place: Place
    boxes: int


class Check(base.Check):
    """Compares the sums of each image's boxes; reads the folder's other formats at the end."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        if fact := _fact(image):
            yield self.fact(fact)

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        compared = _Compared()
        for fact in facts.of(self.name):
            compared.take(fact)
        for format_ in self._other_formats(whole):
            for fact in _facts_of(self.data.root, format_):
                compared.take(fact)
        for which in _SHIFTS:
            if compared.boxes[which] > 1 and compared.images[which] > compared.same:
                one, other = compared.first[which]
                yield self.finding(
                    other.place,
                    f"{which} of all boxes are 1 px further to the lower right than in "
                    f"{one.place.file}, for the same image; this is the first of "
                    f"{plural(compared.images[which], 'image')}",
                    "find out which of the two is correct, and regenerate the other from it",
                )
            if compared.twice[which] > 1:
                yield self.finding(
                    compared.first_twice[which],
                    f"{compared.twice[which]:,} boxes occur a second time with {which} 1 px off; "
                    "this is the first",
                    "two sets of annotations were merged: keep one of them",
                )

    def _other_formats(self, whole: base.Whole) -> list[str]:
        """Formats of annotation files that no image was read from."""
        images = {_last(seen.file_name) for seen in whole.images if seen.labels}
        sources = {seen.place.file for seen in whole.images}
        for name in self.data.root.files():
            known = name in sources or not name.lower().endswith((".json", ".xml", ".txt"))
            # The list of a split is not named like an image.
            if not known and (not name.lower().endswith(".txt") or _last(name) in images):
                break
        else:
            return []
        found = (part.format for part in formats_in(self.data.root))
        return [name for name in found if name != self.data.format]


def _facts_of(root: Root, format_: str) -> Sequence[Any]:
    """The facts of a folder's images in another format; none if it cannot be read in it."""
    step = _Step()
    try:
        context = Context(resolver=ClassRules().resolver())
        with survey(
            Source(root, format_, {}),
            context,
            get_engine("local", 1),
            report=lambda finding: None,
            steps=[Measurable(), step],
        ) as found:
            return found.facts.get(step.key, [])
    except DataforgeError:
        return []  # this format is not what is checked; checking it says why


class _Step:
    """Collects an image's boxes."""

    key = "shifted-set"

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        if fact := _fact(image):
            yield Fact(self.key, fact)
        yield image


def _fact(image: Image) -> list[Any] | None:
    """[name, width, height, file, pointer, sum of the boxes, of each shift the sums of the boxes
    moved back and on, number of boxes, of each shift the number of twins and the first]."""
    rounded = [_rounded(instance.box) for instance in image.instances]
    if not rounded:
        return None
    there = set(rounded)
    sums, twins = [], []
    for by in _SHIFTS.values():
        a, b, c, d = by
        back, on = _moved(rounded, (-a, -b, -c, -d)), _moved(rounded, by)
        sums.append([_sum(back), _sum(on)])
        inside = [] if there.isdisjoint(on) else [at for at, box in enumerate(on) if box in there]
        enough = len(inside) * 2 >= len(rounded)
        first = image.instances[inside[0]].place if inside and enough else image.place
        twins.append([len(inside) * enough, first.file, first.pointer, first.line])
    place = image.place if image.place.file else Place(image.file_name)
    size = [_last(image.file_name), image.width, image.height]
    return [*size, place.file, place.pointer, _sum(rounded), sums, len(rounded), twins]


class _Compared:
    """Sets of boxes of the same image, compared with those that are shifted by a pixel."""

    def __init__(self) -> None:
        self.known: set[_Key] = set()
        self.sets: dict[tuple[_Key, int], list[_Set]] = defaultdict(list)  # by image and sum
        self.same = 0
        self.images: Counter[str] = Counter()
        self.boxes: Counter[str] = Counter()
        self.twice: Counter[str] = Counter()
        self.first: dict[str, tuple[_Set, _Set]] = {}
        self.first_twice: dict[str, Place] = {}

    def take(self, fact: Sequence[Any]) -> None:
        """Compare one more image's boxes with those before."""
        name, width, height, file, pointer, own, sums, boxes, twins = fact
        for which, (number, *place) in zip(_SHIFTS, twins, strict=True):
            if number:
                self.twice[which] += number
                self.first_twice.setdefault(which, Place(*place))
        new = _Set(Place(file, pointer), boxes)
        key = name, width, height
        same = self.sets[key, own]
        if new in same:
            return  # the same entry, in another split
        self.same += len(same)
        if key in self.known:
            self._compare(key, sums, new)
        self.known.add(key)
        same.append(new)

    def _compare(self, key: _Key, sums: Sequence[Sequence[int]], new: _Set) -> None:
        """Count the earlier sets of the image that are shifted from this one, either way."""
        for which, (back, on) in zip(_SHIFTS, sums, strict=True):
            before, beyond = self.sets.get((key, back), ()), self.sets.get((key, on), ())
            for one, other in (*((old, new) for old in before), *((new, old) for old in beyond)):
                self.images[which] += 1
                self.boxes[which] += one.boxes
                self.first.setdefault(which, (one, other))


def _last(name: str) -> str:
    """A file's name without folder and extension."""
    return stem(name.rsplit("/", 1)[-1])


def _rounded(box: Box) -> _Rounded:
    x0, y0, x1, y1 = box
    floor, by = math.floor, _FRACTION
    return floor(x0 * by + 0.5), floor(y0 * by + 0.5), floor(x1 * by + 0.5), floor(y1 * by + 0.5)


def _sum(boxes: Iterable[_Rounded]) -> int:
    """A 63-bit number that is equal for equal boxes in any order."""
    return sum(map(hash, boxes)) & (2**63 - 1)


def _moved(boxes: Sequence[_Rounded], by: tuple[int, int, int, int]) -> list[_Rounded]:
    a, b, c, d = (_FRACTION * step for step in by)
    return [(x0 + a, y0 + b, x1 + c, y1 + d) for x0, y0, x1, y1 in boxes]
