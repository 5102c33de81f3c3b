"""Which images of a dataset are shown, with what on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from fnmatch import fnmatchcase
from typing import NamedTuple

from dataforge.classes import Classes
from dataforge.datasets import Seen, Survey, decode_images
from dataforge.errors import InputError, UsageError, did_you_mean, plural
from dataforge.findings import Finding, Place
from dataforge.records import Image, Instance

_ENTRY = re.compile(r"[^\[]*\[\d+\]")
"""What a pointer into an annotation file begins with: an object, or an image of several."""


def _entry(place: Place) -> tuple[str, str]:
    """The file, and the object or image in it, that a place is in."""
    if found := _ENTRY.match(place.pointer):
        return place.file, found[0]
    return place.file, f"line {place.line}" if place.line and not place.pointer else ""


class Marked(NamedTuple):
    """Findings of one code, by where they are.

    Attributes:
        entries: file and object, or file and image in it -> message.
        files: file -> message of the first finding in it.
        number: of all findings.
    """

    entries: Mapping[tuple[str, str], str]
    files: Mapping[str, str]
    number: int

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Marked:
        """Of findings."""
        entries: dict[tuple[str, str], str] = {}
        files: dict[str, str] = {}
        number = 0
        for finding in findings:
            number += finding.count
            for place in (finding.place, *finding.examples):
                entries.setdefault(_entry(place), finding.message)
                files.setdefault(place.file, finding.message)
        return cls(entries, files, number)

    def has(self, instance: Instance) -> bool:
        """Whether a finding is on an object."""
        key = _entry(instance.place)
        return bool(key[1]) and key in self.entries

    def on(self, image: Image) -> Iterator[str]:
        """The messages on an image and its objects."""
        for instance in image.instances:
            if self.has(instance):
                yield self.entries[_entry(instance.place)]
        if image.file_name in self.files:
            yield self.files[image.file_name]
        own = _entry(image.place)
        if own[1] and own in self.entries:
            yield self.entries[own]
        elif not own[1] and own[0] in self.files:  # the file is of this image alone
            yield self.files[own[0]]


class Shown(NamedTuple):
    """An image to be drawn.

    Attributes:
        image: with class names for labels.
        marked: numbers of the objects that a finding is on.
        message: of the first finding; empty if there is none.
    """

    image: Image
    marked: frozenset[int] = frozenset()
    message: str = ""


def choose(
    found: Survey,
    classes: Classes,
    names: Sequence[str],
    only: Set[str],
    marked: Marked | None,
    most: int,
) -> tuple[list[Shown], int]:
    """Images, evenly spread over those that fit; and how many fit.

    Args:
        found: a pass that kept the images.
        classes: its classes.
        names: of the images; empty for all. A name may be a path, the end of one, or a pattern.
        only: classes, one of which an image must have; empty for all.
        marked: an image must have one of these findings; None for all.
        most: number of images that are shown.

    Raises:
        UsageError: no image has one of the names.
        InputError: none fits.
    """
    wanted = _named(found.images, names) if names else None
    fits: list[int] = []
    number = 0
    for shard in found.shards:
        images = decode_images(found.spool.get(shard.images)) if marked else None
        for place, seen in enumerate(shard.seen):
            if seen is None:
                continue
            has = not only or not only.isdisjoint(classes.counts(seen.instances))
            if (
                has
                and (wanted is None or seen.file_name in wanted)
                and (marked is None or (images and any(marked.on(images[place]))))
            ):
                fits.append(number)
            number += 1
    if not fits:
        raise InputError(_nothing(only, marked))
    taken = {fits[i * len(fits) // min(most, len(fits))] for i in range(min(most, len(fits)))}
    return [*_shown(found, classes, taken, marked)], len(fits)


def _nothing(only: Set[str], marked: Marked | None) -> str:
    what = f" with {' or '.join(sorted(only))}" if only else ""
    if marked is None:
        return f"no image{what} to show"
    if not marked.number:
        return "no such finding: `dataforge check` has nothing to say"
    number = plural(marked.number, "such finding")
    return f"{number}, but none that is on an image{what}"


def _shown(
    found: Survey, classes: Classes, taken: Set[int], marked: Marked | None
) -> Iterator[Shown]:
    number = 0
    for shard in found.shards:
        inside = sum(seen is not None for seen in shard.seen)
        if taken.isdisjoint(range(number, number + inside)):
            number += inside
            continue
        images = decode_images(found.spool.get(shard.images))
        for image, seen in zip(images, shard.seen, strict=True):
            if seen is None:
                continue
            if number in taken:
                yield _with_findings(classes.apply(image), marked)
            number += 1


def _with_findings(image: Image, marked: Marked | None) -> Shown:
    if marked is None:
        return Shown(image)
    on = (i for i, one in enumerate(image.instances) if marked.has(one))
    return Shown(image, frozenset(on), next(marked.on(image), ""))


def _named(images: Sequence[Seen], names: Sequence[str]) -> set[str]:
    """The images of these names.

    Raises:
        UsageError: there is none of one of the names.
    """
    known = dict.fromkeys(seen.file_name for seen in images)
    by_last: dict[str, list[str]] = {}
    for name in known:
        by_last.setdefault(name.rpartition("/")[2], []).append(name)
    wanted: set[str] = set()
    for given in names:
        given = given.replace("\\", "/")
        own = [given] if given in known else []
        own = own or [
            name
            for name in by_last.get(given.rpartition("/")[2], ())
            if f"/{name}".endswith(f"/{given}") or f"/{given}".endswith(f"/{name}")
        ]
        own = own or [
            name
            for name in known
            if fnmatchcase(name, given) or fnmatchcase(name.rpartition("/")[2], given)
        ]
        if not own:
            hint = did_you_mean(given.rpartition("/")[2], by_last)
            raise UsageError(f"no image {given}" + (f"; {hint}" if hint else ""))
        wanted.update(own)
    return wanted
