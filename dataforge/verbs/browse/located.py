"""Which finding is about which image, and which of its objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from dataforge.findings import Finding, Place
from dataforge.records import Image

_LAST_STEP = re.compile(r"[.\[/][^.\[/]*$")

ByFile: TypeAlias = Mapping[str, Sequence[tuple[int, Finding, Place]]]
"""File -> number of a finding, the finding, and a place in the file that it names."""


class Located(NamedTuple):
    """A finding on an image.

    Attributes:
        number: of the finding.
        finding: itself.
        place: that it names.
        instance: which object of the image it is about; -1 for the image.
    """

    number: int
    finding: Finding
    place: Place
    instance: int


def by_file(findings: Iterable[Finding]) -> ByFile:
    """Findings by the files that they name."""
    found: dict[str, list[tuple[int, Finding, Place]]] = {}
    for number, finding in enumerate(findings):
        for place in dict.fromkeys((finding.place, *finding.examples)):
            found.setdefault(place.file, []).append((number, finding, place))
    return found


def located(images: Sequence[Image], findings: ByFile) -> list[list[Located]]:
    """The findings on each image.

    Args:
        images: that were read together.
        findings: on the whole dataset.
    """
    homes: dict[tuple[str, str], tuple[int, int]] = {}
    files: dict[str, None] = {}
    for number, image in enumerate(images):
        places = [(image.place, -1), (Place(image.file_name), -1)]
        places += [(instance.place, at) for at, instance in enumerate(image.instances)]
        for place, at in places:
            files[place.file] = None
            homes.setdefault((place.file, _steps(place)[0]), (number, at))
    found: list[list[Located]] = [[] for _ in images]
    for file in files:
        for number, finding, place in findings.get(file, ()):
            steps = ((file, step) for step in _steps(place))
            home = next((homes[step] for step in steps if step in homes), None)
            if home is not None:
                found[home[0]].append(Located(number, finding, place, home[1]))
    return [sorted(of_one, key=lambda one: one.number) for of_one in found]


def _steps(place: Place) -> list[str]:
    """The place in its file, then what contains it, and the whole file last."""
    return [*_outwards(place), ""]


def _outwards(place: Place) -> Iterator[str]:
    pointer = place.pointer
    while pointer:
        yield pointer
        shorter = _LAST_STEP.sub("", pointer)
        pointer = shorter if shorter != pointer else ""
    if place.line:
        yield f"line {place.line}"
