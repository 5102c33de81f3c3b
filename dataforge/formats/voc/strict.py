"""Findings on what dataforge understands but other VOC readers do not, and on untidy names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.codes import code
from dataforge.findings import Edit, Finding, Place, Set
from dataforge.formats.base import Context, Evidence, Found
from dataforge.formats.labels import UNTIDY_LABEL, UntidyLabels
from dataforge.formats.sizes import no_stated_size
from dataforge.formats.voc.objects import VocObject, understood_difficult
from dataforge.io import Root
from dataforge.records import Image


class Strict:
    """The additional findings of a strict reader on each file, for the codes that are wanted.

    Args:
        root: folder of the images.
        context: of a strict reader.
    """

    def __init__(self, root: Root, context: Context) -> None:
        self._root = root
        self._sizes = context.wants("no-stated-size")
        self._difficult = context.wants("odd-difficult")
        self._labels: UntidyLabels | None = None
        if context.wants(UNTIDY_LABEL):
            self._labels = UntidyLabels(context.resolver, "/name")

    def file(
        self, image: Image, stated: tuple[int, int] | None, objects: Sequence[VocObject]
    ) -> Iterator[Finding | Evidence]:
        """The findings on one file.

        Args:
            image: as read.
            stated: (width, height) in pixels that the file states, if any.
            objects: all of them, including invalid ones.
        """
        file = image.place.file
        if self._sizes and stated is None:
            size = image.width, image.height
            yield no_stated_size(self._root, image.file_name, size, image.place, "size")
        if self._difficult:
            for index, item in enumerate(objects):
                if item.difficult is not None and item.difficult.strip() not in ("0", "1"):
                    yield from _odd_difficult(_place(file, index, item), item.difficult)
        if self._labels:
            names = [item.written for item in objects]
            yield from self._labels.in_file(names, lambda at: _place(file, at, objects[at]))

    def finish(self, found: Found) -> Iterator[Finding]:
        """The findings that had to wait for all files."""
        if self._labels:
            yield from self._labels.finish(found)


def _odd_difficult(place: Place, text: str) -> Iterator[Finding]:
    """Values that are not understood are reported by the reader itself."""
    flag, problem = understood_difficult(text)
    if not problem:
        yield code("odd-difficult").at(
            place.at("/difficult"),
            f"difficult: expected 0 or 1, got {text!r}; read as {int(flag)}",
            "write 0 or 1",
            edits=[Edit(place, Set({"difficult": flag}))],
        )


def _place(file: str, index: int, item: VocObject) -> Place:
    return Place(file, f"object[{index}]", item.line)
