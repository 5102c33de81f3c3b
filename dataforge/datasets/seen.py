"""What a pass keeps of an image, and the facts that steps yield."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from dataforge.findings import Finding, Place
from dataforge.records import Image


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
        place: of the first.
    """

    instances: int
    shapes: int
    place: Place


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
    findings: list[Finding] = []
    facts: list[Fact] = []

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
