"""Which annotations of a COCO file belong to which image, and its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dataforge.findings import Edit, Place, Set
from dataforge.formats.base import too_many_objects
from dataforge.formats.coco.file import Document, IdTable, Notes, is_id, shortly, written_name
from dataforge.formats.coco.page import Page, Source
from dataforge.io import MAX_OBJECTS

PAGE_IMAGES = 256
"""Maximum number of images per page."""

PAGE_BYTES = 1 << 20
"""Bytes of annotations from which on a page gets no more images."""


class Grouping:
    """The annotations of each image of a file.

    Args:
        document: the file.
        notes: collects the findings.

    Attributes:
        members: index of an image -> indices of its annotations.
        ids_of_two_kinds: (number of annotations whose image_id is a number where the id of the
            image is a string, or vice versa, pointer of the first).
    """

    def __init__(self, document: Document, notes: Notes) -> None:
        self.document = document
        self.notes = notes
        self.members: dict[int, list[int]] = {}
        self.ids_of_two_kinds = (0, "")
        self._skipped: dict[int, str] = {}
        self._assign(self._positions())
        for index, reason in self._skipped.items():
            if members := self.members.pop(index, None):
                notes.lose("image-not-usable", f"$.images[{index}]", reason, len(members))
        for index, members in [*self.members.items()]:
            if len(members) > MAX_OBJECTS:
                place = Place(document.name, f"$.images[{index}]")
                notes.extend([too_many_objects(place, len(members))])
                self._skipped[index] = ""
                del self.members[index]

    def _positions(self) -> IdTable[int]:
        """Id of an image -> its index."""
        positions: IdTable[int] = IdTable()
        for index, keys in enumerate(self.document.images.keys):
            if keys is None:
                message = f"expected an object, got {shortly(self.document.images.raw[index])}"
                self.notes.add(
                    "bad-image", f"$.images[{index}]", message, "correct or remove the entry"
                )
                self._skipped[index] = "the image entry is invalid"
            elif keys.id in positions:
                self._same_id(positions, keys.id, index)
            else:
                positions.set(keys.id, index)
        return positions

    def _same_id(self, positions: IdTable[int], number: Any, index: int) -> None:
        """Two images with one id: the same image twice, or it is unknown which one is meant."""
        first = positions.get(number) or 0
        keys = self.document.images.keys
        one, other = (getattr(keys[at], "file_name", None) for at in (first, index))
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

    def _assign(self, positions: IdTable[int]) -> None:
        of_two_kinds, first = 0, ""
        for index, keys in enumerate(self.document.annotations.keys):
            if keys is None:
                message = f"expected an object, got {shortly(self.document.annotations.raw[index])}"
                self.notes.lose("bad-annotation", f"$.annotations[{index}]", message)
                continue
            number = keys.image_id
            position = positions.exact.get(number) if is_id(number) else None
            if position is None:
                position = positions.get(number)
                pointer = f"$.annotations[{index}].image_id"
                if position is None:
                    message = f"no image has the id {shortly(number)}"
                    self.notes.lose("dangling-image-id", pointer, message)
                    continue
                of_two_kinds, first = of_two_kinds + 1, first or pointer
            self.members.setdefault(position, []).append(index)
        self.ids_of_two_kinds = of_two_kinds, first

    def pages(self, source: Source, others: Mapping[str, str]) -> Iterator[Page]:
        """The file in parts, in the order of its images.

        Args:
            source: the file.
            others: as in `FoundImages`.
        """
        raw = self.document.annotations.raw
        images: list[int] = []
        members: list[list[int]] = []
        size = 0
        for index in range(len(self.document.images.raw)):
            if index in self._skipped:
                continue
            images.append(index)
            members.append(self.members.get(index, []))
            size += sum(len(memoryview(raw[member])) for member in members[-1])
            if len(images) >= PAGE_IMAGES or size >= PAGE_BYTES:
                yield self._page(source, images, members, others)
                images, members, size = [], [], 0
        if images:
            yield self._page(source, images, members, others)

    def _page(
        self,
        source: Source,
        images: list[int],
        members: list[list[int]],
        others: Mapping[str, str],
    ) -> Page:
        entries, marked = self.document.images.raw, self.document.annotations.raw
        own = {}
        for index in images if others else ():
            keys = self.document.images.keys[index]
            name = written_name(keys.file_name, keys.coco_url) if keys else None
            if name and name in others:
                own[name] = others[name]
        return Page(
            source,
            images,
            b"[" + b",".join([entries[index] for index in images]) + b"]",
            members,
            b"[" + b",".join([marked[index] for group in members for index in group]) + b"]",
            own,
        )


def note_annotation_ids(document: Document, notes: Notes, *, fix: bool) -> None:
    """Note which annotations have no id of their own.

    Args:
        document: the file.
        notes: collects the findings.
        fix: give them new ids after the largest one.
    """
    numbers = [keys.id for keys in document.annotations.keys if keys]
    kinds = {*map(type, numbers)}
    if kinds <= {int, str, float} and len({*numbers}) == len(numbers):
        return
    largest = max((n for n in numbers if isinstance(n, int) and not isinstance(n, bool)), default=0)
    seen: set[Any] = set()
    renumbered: dict[int, int] = {}
    for index, keys in enumerate(document.annotations.keys):
        if keys and is_id(keys.id) and keys.id not in seen:
            seen.add(keys.id)
        elif keys:
            renumbered[index] = largest + len(renumbered) + 1
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
    edits = [
        Edit(Place(document.name, f"$.annotations[{index}]"), zero)
        for index, keys in enumerate(document.annotations.keys)
        if keys and keys.iscrowd is None
    ]
    if edits:
        message = f"has no iscrowd {counted(len(edits))}"
        remedy = "write 0 for a single object"
        pointer = edits[0].place.pointer
        notes.add("no-iscrowd", pointer, message, remedy, edits=edits, count=len(edits))


def counted(number: int) -> str:
    """The count in a finding that stands for several in a file."""
    return f"({number:,} in this file, this is the first)"
