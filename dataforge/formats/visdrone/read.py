"""Reads VisDrone's label files: an item is one of them, of an image or of a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Part,
    Reader,
    Record,
    too_many_objects,
)
from dataforge.formats.ignored import Ignored, ignored_dropped
from dataforge.formats.label_files import Listed
from dataforge.formats.label_files_read import LabelFilesReading, Numbered, bad_row
from dataforge.formats.outlines import in_order
from dataforge.formats.visdrone.files import find_files, frame_of
from dataforge.formats.visdrone.rows import CLASSES, Row, parse_row
from dataforge.io import MAX_OBJECTS, Root
from dataforge.records import Category, Header, Image, Instance

_SELDOM = "seldom"
"""Evidence of an image: those of its classes that only some datasets have."""

_REGIONS, *_USUAL, _OTHERS = CLASSES
_MOST_FRAMES = 100
"""Frames with as many objects as an image may have, whose rows fit into memory."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    ignored: Ignored = "ignore"


class VisdroneReader(Reader[ReadOptions]):
    """Reads one text file for each image, or for each video."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> VisdroneReading:
        return VisdroneReading(root, options, context)


class VisdroneReading(LabelFilesReading[Row]):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, context)
        self._drops = options.ignored == "drop"

    def find(self) -> Part[Sequence[Listed]]:
        return (yield from find_files(self.root))

    def row(self, line: str, file: Listed) -> Row | str:
        return parse_row(line, is_video=bool(file.frames))

    def instance(self, row: Row, place: Place, size: tuple[int, int]) -> Part[Instance | None]:
        if row.is_ignored and self._drops:
            yield ignored_dropped(row.label, place)
            return None
        box = yield from in_order(row.box, row.label, place)
        return Instance(
            label=row.label,
            box=box,
            area=geometry.box_area(box),
            iscrowd=row.is_ignored,
            place=place,
            attributes=row.attributes,
        )

    def evidence(self, image: Image) -> Iterator[Evidence]:
        labels = {instance.label for instance in image.instances}
        yield Evidence(_SELDOM, sorted(labels & {_REGIONS, _OTHERS}))

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        """The classes by their numbers, of which 0 comes last."""
        if _SELDOM in found:
            seldom = {label for labels in found[_SELDOM] for label in labels}
            names = [*_USUAL, *(name for name in (_OTHERS, _REGIONS) if name in seldom)]
            yield Header(categories=tuple(Category(name=name) for name in names))

    # Videos.

    def most(self, file: Listed) -> int:
        return MAX_OBJECTS * min(max(len(file.frames), 1), _MOST_FRAMES)

    def images(self, file: Listed, lines: list[Numbered]) -> Iterator[Record]:
        if not file.frames:
            yield from super().images(file, lines)
            return
        rows: dict[int, list[Numbered]] = {}
        for line in lines:
            row = self.row(line.text, file)
            if isinstance(row, str):
                yield bad_row(Place(file.label, line=line.number), row)
            else:
                rows.setdefault(row.frame, []).append(line)
        for image in file.frames:
            own = rows.pop(frame_of(image), [])
            if len(own) > MAX_OBJECTS:
                yield too_many_objects(Place(file.label, line=own[0].number), len(own))
            else:
                yield from self.image(file._replace(image=image), own, {})
        for frame, own in rows.items():
            yield code("image-missing").at(
                Place(file.label, line=own[0].number),
                f"no image of frame {frame}: {plural(len(own), 'object')} not converted",
                "restore the image",
                lost=len(own),
            )
