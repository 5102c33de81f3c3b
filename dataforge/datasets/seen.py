"""What a pass keeps of an image, and the facts that steps yield."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from dataforge.findings import Finding, Place
from dataforge.records import Image

K = TypeVar("K")
T = TypeVar("T")

_MOST = 10_000
"""Different sizes, and combinations of labels, of which each is kept once."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """What a step yields about one image, for evaluation over the whole dataset.

    Attributes:
        key: which step or check it is for.
        value: of builtin types, because it is encoded between processes.
    """

    key: str
    value: Any


class Step(Protocol):
    """Something done to each image where it is read; picklable."""

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        """The findings and facts on the image, and exactly once the image for the next step."""
        ...


class LabelCount(msgspec.Struct, array_like=True, gc=False):
    """How often a label occurs in an image.

    Attributes:
        instances, shapes: numbers.
        place: of the first; None where an earlier image of the dataset has the label.
    """

    instances: int
    shapes: int
    place: Place | None


class Seen(msgspec.Struct, gc=False):
    """What is kept of an image after the image itself is encoded.

    Attributes:
        file_name, split, place: see `dataforge.records.Image`.
        size: (width, height), pixels.
        labels: label as written -> counts.
        findings: on it, in order.
        facts: that steps yielded.
    """

    file_name: str
    place: Place
    size: tuple[int, int]
    split: str | None = None
    labels: dict[str, LabelCount] = {}
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def instances(self) -> dict[str, int]:
        """Label as written -> number of instances."""
        return {label: count.instances for label, count in self.labels.items()}

    @property
    def shapes(self) -> int:
        """Number of shapes."""
        return sum(count.shapes for count in self.labels.values())

    @property
    def key(self) -> str:
        """Identifies the image: the same one may be in two splits of its source."""
        return f"{self.split}\0{self.file_name}" if self.split else self.file_name


class Alike:
    """What images have in common is kept once, so that many images take little memory.

    Args:
        names: the files of the folder, sorted, which are in memory anyway.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}
        self._counts: dict[tuple[int, int], LabelCount] = {}
        self._labels: dict[tuple[tuple[str, int, int], ...], dict[str, LabelCount]] = {}

    def named(self, seen: Seen) -> None:
        """Share the names of the image and of its annotation file."""
        seen.file_name = self._name(seen.file_name)
        place = seen.place
        seen.place = Place(self._name(place.file), place.pointer, place.line, place.column)

    def shared(self, seen: Seen, first: Collection[str]) -> None:
        """Share the size and the labels of an image, without the places of labels.

        Args:
            seen: the image.
            first: labels that no earlier image has; their places are kept.
        """
        seen.size = _once(self._sizes, seen.size, seen.size)
        for label, count in seen.labels.items():
            if label not in first:
                numbers = count.instances, count.shapes
                seen.labels[label] = _once(self._counts, numbers, LabelCount(*numbers, None))
        if not first:
            key = tuple((label, one.instances, one.shapes) for label, one in seen.labels.items())
            seen.labels = _once(self._labels, key, seen.labels)

    def _name(self, name: str) -> str:
        index = bisect_left(self._names, name)
        return self._names[index] if self._names[index : index + 1] == [name] else name


def _once(known: dict[K, T], key: K, value: T) -> T:
    """The value that is kept for a key; beyond a number of keys, the value itself."""
    return known.setdefault(key, value) if len(known) < _MOST else known.get(key, value)
