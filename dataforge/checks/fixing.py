"""What mends the findings of a code; a check's module offers it as `Fix`, beside its `FIX`.

    document(text, image)   once for each annotation file, with the first image read from it
    image(text, image)      for each of its images
    finish()                at the end, where what may change depends on the whole dataset

Each yields `dataforge.checks.text.Edit`s and writes nothing. What it changes, its check must not
find again, and where its check finds nothing, it must yield nothing. Edits that meet in the same
place are made one after the other, in several passes over the dataset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from dataforge.checks.base import Data
from dataforge.checks.text import Change, Edit, Element, Path, Text, path_of
from dataforge.formats.voc import BOUNDS
from dataforge.io import plain
from dataforge.records import Box, Image, Instance


class Fix:
    """Mends one code in one pass; a subclass defines the hooks that it needs.

    Attributes:
        data: the dataset.
    """

    def __init__(self, data: Data) -> None:
        self.data = data

    def document(self, text: Text, image: Image) -> Iterator[Edit]:
        """Mend an annotation file itself."""
        return iter(())

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        """Mend one image's entry and objects."""
        return iter(())

    def finish(self) -> Iterator[Edit]:
        """Mend what could not be decided before."""
        return iter(())


def objects(text: Text, image: Image) -> dict[int, Element]:
    """Position of an instance in a VOC image -> its <object>.

    An instance knows its line alone. Where one line has several objects, and not all of them
    became instances, nobody can tell which is which: they are left out.
    """
    by_line: dict[str, list[Element]] = {}
    found = text.document.xml.iter("object")
    for known, element in zip(found, text.xml.iter("object"), strict=True):
        by_line.setdefault(f"line {known.sourceline}", []).append(element)
    members: dict[str, list[int]] = {}
    for position, instance in enumerate(image.instances):
        members.setdefault(instance.where, []).append(position)
    return {
        position: element
        for where, positions in members.items()
        if len(positions) == len(by_line.get(where, ()))
        for position, element in zip(positions, by_line[where], strict=True)
    }


def dropped(data: Data, text: Text, image: Image, positions: list[int]) -> Iterator[Edit]:
    """Edits that take instances out of their file, each its own.

    What several shapes make together stays: which of them is at fault is not known.

    Args:
        data: the dataset.
        text: the image's annotation file.
        image: its record.
        positions: of the instances in it.
    """
    elements = objects(text, image) if data.format == "voc" and positions else {}
    for position in positions:
        instance = image.instances[position]
        change = _removed(data.format, text, instance, elements.get(position))
        if change and instance.parts == 1:
            yield text.edit(change)


def _removed(
    format_: str, text: Text, instance: Instance, element: Element | None
) -> Change | None:
    if format_ == "voc":
        return element.removed() if element else None
    if format_ == "yolo":
        return (*text.lines[line_of(instance) - 1], "")
    return text.json.removed(path_of(instance.where))


def corners(element: Element) -> list[Element] | None:
    """The elements of (xmin, ymin, xmax, ymax) of an <object>, where all of them are numbers."""
    found = [element.find(f"bndbox/{tag}") for tag in BOUNDS]
    there = [corner for corner in found if corner]
    try:
        finite = all(math.isfinite(float(corner.value or "")) for corner in there)
    except ValueError:
        return None
    return there if finite and len(there) == len(found) else None


def bounds(found: list[Element]) -> Box:
    """The numbers of `corners`."""
    x0, y0, x1, y1 = (float(corner.value or "") for corner in found)
    return x0, y0, x1, y1


def entry(text: Text, path: Path) -> dict[str, Any]:
    """One entry of a COCO file as plain Python; NaN is None.

    Args:
        text: of the file.
        path: ``("images", 3)``, or of an annotation.
    """
    kind, index = path
    raw = (text.document.coco.images if kind == "images" else text.document.coco.annotations)[
        int(index)
    ]
    found: dict[str, Any] = plain(raw)
    return found


def numbers(value: Any, count: int) -> list[float] | None:
    """A value of JSON that is a list of so many numbers; None for any other."""
    if not isinstance(value, list) or len(value) != count:
        return None
    real = all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)
    return value if real else None


def line_of(instance: Instance) -> int:
    """The number of a YOLO row's line."""
    return int(instance.where.removeprefix("line "))
