"""Which annotations of a COCO file belong to which image, and its pages."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, count, islice
from operator import le, lt
from typing import Any

from dataforge.findings import Edit, Place, Set
from dataforge.formats.base import too_many_objects
from dataforge.formats.coco.file import Document, Notes, shortly
from dataforge.formats.coco.ids import IdTable, is_id
from dataforge.formats.coco.lists import written_name
from dataforge.formats.coco.pages import Page, Source
from dataforge.io import MAX_OBJECTS

PAGE_IMAGES = 256
"""Maximum number of images per page."""

PAGE_BYTES = 1 << 20
"""Bytes of annotations from which on a page gets no more images."""

_MANY = 50_000
"""Ids from which on a set of them takes much memory."""


class Grouping:
    """The annotations of each image of a file.

    Args:
        document: the file.
        notes: collects the findings.

    Attributes:
        ids_of_two_kinds: (number of annotations whose image_id is a number where the id of the
            image is a string, or vice versa, pointer of the first).
    """

    def __init__(self, document: Document, notes: Notes) -> None:
        self.document = document
        self.notes = notes
        self.ids_of_two_kinds = (0, "")
        self._skipped: dict[int, str] = {}
        self._position = self._assigned(self._positions())  # index of the image, or -1
        self._numbers = array("i", [0]) * len(document.images)  # of annotations of each image
        for position in self._position:
            if position >= 0:
                self._numbers[position] += 1
        lost = set()
        for index, reason in self._skipped.items():
            if number := self._numbers[index]:
                notes.lose("image-not-usable", f"$.images[{index}]", reason, number)
                lost.add(index)
        full = [index for index, number in enumerate(self._numbers) if number > MAX_OBJECTS]
        for index in sorted(set(full) - lost, key=self._position.index):
            place = Place(document.name, f"$.images[{index}]")
            notes.extend([too_many_objects(place, self._numbers[index])])
            self._skipped[index] = ""
            lost.add(index)
        if lost:
            for index, position in enumerate(self._position):
                if position in lost:
                    self._position[index] = -1

    def _positions(self) -> IdTable[int]:
        """Id of an image -> its index."""
        images = self.document.images
        positions: IdTable[int] = IdTable()
        if (integers := images.keys["id"].integers) is not None:
            positions.exact = dict(zip(integers, count(), strict=False))
            if len(positions.exact) == len(images):
                return positions
            positions = IdTable()
        odd = {*images.odd}
        for index, number in enumerate(images.keys["id"]):
            if index in odd:
                message = f"expected an object, got {shortly(images.at(index))}"
                self.notes.add(
                    "bad-image", f"$.images[{index}]", message, "correct or remove the entry"
                )
                self._skipped[index] = "the image entry is invalid"
            elif number in positions:
                self._same_id(positions, number, index)
            else:
                positions.set(number, index)
        return positions

    def _same_id(self, positions: IdTable[int], number: Any, index: int) -> None:
        """Two images with one id: the same image twice, or it is unknown which one is meant."""
        first = positions.get(number) or 0
        names = self.document.images.keys["file_name"]
        one, other = names[first], names[index]
        pointer = f"$.images[{index}].id"
        if one == other:
            self._skipped[index] = "the image is already listed"
            message = f"{other!r} with id {number!r} is already listed"
            self.notes.add("image-listed-twice", pointer, message, "remove the second entry")
            return
        self._skipped[first] = self._skipped[index] = "another image has the same id"
        self.notes.add(
            "ambiguous-image-id",
            pointer,
            f"id {number!r} is {one!r} and {other!r}: both are skipped",
            "give each image its own id, or merge the original files with `dataforge coco merge`",
        )

    def _assigned(self, positions: IdTable[int]) -> array[int]:
        """The index of the image of each annotation, -1 if there is none."""
        annotations = self.document.annotations
        ids = annotations.keys["image_id"]
        get = positions.exact.get
        if ids.integers is not None:
            found = array("i", [get(number, -1) for number in ids.integers])
        else:
            found = array("i", [get(number, -1) if is_id(number) else -1 for number in ids])
        of_two_kinds, first = 0, ""
        odd = {*annotations.odd}
        for index in [index for index, position in enumerate(found) if position < 0]:
            if index in odd:
                message = f"expected an object, got {shortly(annotations.at(index))}"
                self.notes.lose("bad-annotation", f"$.annotations[{index}]", message)
                continue
            position = positions.get(ids[index])
            pointer = f"$.annotations[{index}].image_id"
            if position is None:
                message = f"no image has the id {shortly(ids[index])}"
                self.notes.lose("dangling-image-id", pointer, message)
                continue
            of_two_kinds, first = of_two_kinds + 1, first or pointer
            found[index] = position
        self.ids_of_two_kinds = of_two_kinds, first
        return found

    def pages(self, source: Source, others: Mapping[str, str]) -> Iterator[Page]:
        """The file in parts, in the order of its images.

        Args:
            source: the file.
            others: as in `FoundImages`.
        """
        order = self._order()
        self._position = array("i")
        pages = [*self._bounds(order)]
        tape = self.document.annotations.tape
        entries = tape.gathered(order, [annotations for _, annotations in pages])
        for ((first, last), (at, _)), marked in zip(pages, entries, strict=True):
            images = [index for index in range(first, last) if index not in self._skipped]
            members = []
            for index in images:
                end = at + self._numbers[index]
                members.append([*order[at:end]])
                at = end
            yield Page(
                source,
                images,
                b"[" + self.document.images.tape.picked(images) + b"]",
                members,
                b"[" + marked + b"]",
                self._own(images, others) if others else {},
            )

    def _order(self) -> Sequence[int]:
        """The indices of the annotations in the order of their images."""
        position = self._position
        following = islice(position, 1, None)
        if not position or (position[0] >= 0 and all(map(le, position, following))):
            return range(len(position))
        for index in self._skipped:
            self._numbers[index] = 0
        starts = array("i", accumulate(self._numbers, initial=0))
        order = array("i", [0]) * starts[-1]
        for index, image in enumerate(position):
            if image >= 0:
                order[starts[image]] = index
                starts[image] += 1
        return order

    def _bounds(self, order: Sequence[int]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """(start and end of the images, start and end of their annotations) of each page."""
        tape = self.document.annotations.tape
        first = start = at = images = size = 0
        for index in range(len(self.document.images)):
            if index in self._skipped:
                continue
            end = at + self._numbers[index]
            images += 1
            size += tape.size(order[at:end])
            at = end
            if images >= PAGE_IMAGES or size >= PAGE_BYTES:
                yield (first, index + 1), (start, at)
                first, start, images, size = index + 1, at, 0, 0
        if images:
            yield (first, len(self.document.images)), (start, at)

    def _own(self, images: Sequence[int], others: Mapping[str, str]) -> dict[str, str]:
        """Those of the others that are of some images."""
        keys = self.document.images.keys
        found = (written_name(keys["file_name"][at], keys["coco_url"][at]) for at in images)
        return {name: others[name] for name in found if name and name in others}


def _without_own_id(document: Document) -> tuple[list[int], int]:
    """(indices of annotations that have no id, or that of an earlier one; the largest id)."""
    ids = document.annotations.keys["id"]
    integers = ids.integers
    if integers is not None and all(map(lt, integers, islice(integers, 1, None))):
        return [], 0
    if integers is not None and len(integers) > _MANY:
        import numpy as np

        values = np.sort(np.frombuffer(integers, integers.typecode))
        if not (values[1:] == values[:-1]).any():
            return [], 0
    elif len({*map(type, ids)} - {int, str, float}) == 0 and len({*ids}) == len(ids):
        return [], 0
    seen: set[Any] = set()
    found = []
    odd = {*document.annotations.odd}
    for index, number in enumerate(ids):
        if index in odd:
            continue
        if is_id(number) and number not in seen:
            seen.add(number)
        else:
            found.append(index)
    numbers = (n for n in ids if isinstance(n, int) and not isinstance(n, bool))
    return found, max(numbers, default=0)


def note_annotation_ids(document: Document, notes: Notes, *, fix: bool) -> None:
    """Note which annotations have no id of their own.

    Args:
        document: the file.
        notes: collects the findings.
        fix: give them new ids after the largest one.
    """
    found, largest = _without_own_id(document)
    renumbered = {index: largest + number for number, index in enumerate(found, 1)}
    if renumbered:
        notes.add(
            "annotation-ids",
            f"$.annotations[{next(iter(renumbered))}].id",
            f"an annotation has no id, or that of another one {counted(len(renumbered))}",
            "assign new ids",
            count=len(renumbered),
            edits=[
                Edit(Place(document.name, f"$.annotations[{index}]"), Set({"id": number}))
                for index, number in renumbered.items() if fix
            ],
        )  # fmt: skip


def note_missing_iscrowd(document: Document, notes: Notes) -> None:
    """Note which annotations lack iscrowd, which means 0.

    Args:
        document: the file.
        notes: collects the findings.
    """
    zero = Set({"iscrowd": 0})
    odd = {*document.annotations.odd}
    edits = [
        Edit(Place(document.name, f"$.annotations[{index}]"), zero)
        for index, iscrowd in enumerate(document.annotations.keys["iscrowd"])
        if iscrowd is None and index not in odd
    ]
    if edits:
        message = f"has no iscrowd {counted(len(edits))}"
        remedy = "write 0 for a single object"
        pointer = edits[0].place.pointer
        notes.add("no-iscrowd", pointer, message, remedy, edits=edits, count=len(edits))


def counted(number: int) -> str:
    """The count in a finding that stands for several in a file."""
    return f"({number:,} in this file, this is the first)"
