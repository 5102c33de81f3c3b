"""An object that is marked twice with the same box and class.

What: two objects of one image have the same class and exactly the same box.

Why: it counts twice in the loss, and in the evaluation one of the two can never be found, so that
recall has a ceiling below 1. Most often a set was merged with itself, or pasted twice.

Example: two rows ``0 0.5 0.5 0.2 0.2`` in one YOLO file.

Fix: drop one of the two: --fix --unsafe-fixes keeps the first, where all else that is said of them
is the same, too. It is unsafe, as one of them may be another object whose box was copied by
mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.base import Data
from dataforge.checks.text import Edit, Text
from dataforge.records import Box, Finding, Image, Instance

SEVERITY = "warning"
FIX = "unsafe"


class Check(_base.Check):
    """Compares the objects of an image."""

    def image(self, image: Image) -> Iterator[Finding]:
        for position, first in _twins(self.data, image):
            instance, twin = image.instances[position], image.instances[first]
            message = f"{instance.label!r} has the class and the box of {twin.where}"
            yield self.finding_on(image, instance, message, "drop one of the two")


def _twins(data: Data, image: Image) -> Iterator[tuple[int, int]]:
    """(position, that of the first of its class and box) of each instance that comes later."""
    first: dict[tuple[str, Box], int] = {}
    for position, instance in enumerate(image.instances):
        label = data.classes.canonical(instance.label)
        if label is None or instance.iscrowd:
            continue
        twin = first.setdefault((label, instance.box), position)
        if twin != position:
            yield position, twin


class Fix(_fix.Fix):
    """Drops the later ones of those that are alike in all else, too."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        found: list[int] = []
        kept: dict[int, list[tuple[Any, ...]]] = {}
        for position, first in _twins(self.data, image):
            known = kept.setdefault(first, [_said(image.instances[first])])
            if (said := _said(image.instances[position])) in known:
                found.append(position)
            else:
                known.append(said)
        yield from _fix.dropped(self.data, text, image, found)


def _said(instance: Instance) -> tuple[Any, ...]:
    return instance.shape, instance.difficult, instance.attributes, instance.extra
