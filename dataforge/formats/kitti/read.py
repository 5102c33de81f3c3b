"""Reads KITTI's label files: an item is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Place
from dataforge.formats.base import (
    Context,
    Inputs,
    Item,
    Part,
    Reader,
    Reading,
    Record,
    SourceText,
    finished,
    too_many_objects,
)
from dataforge.formats.images import unreadable_image
from dataforge.formats.kitti.files import Listed, find_files
from dataforge.formats.kitti.rows import DONT_CARE, Row, parse_row
from dataforge.formats.outlines import in_order
from dataforge.io import MAX_OBJECTS, Root, to_utf8
from dataforge.records import Image, Instance


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    dont_care: Annotated[
        Literal["ignore", "drop"],
        msgspec.Meta(
            description="DontCare regions: crowds, on which nothing is trained or judged (ignore), "
            "or left out (drop)."
        ),
    ] = "ignore"


class KittiReader(Reader[ReadOptions]):
    """Reads one text file per image."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> KittiReading:
        return KittiReading(root, options, context)


class KittiReading(Reading):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._drops = options.dont_care == "drop"
        self._keep_text = context.keep_text

    def items(self) -> Iterator[Item | Record]:
        findings, files = finished(find_files(self._root))
        yield from findings
        self.total = len(files)
        seen: set[str] = set()
        for number, file in enumerate(files):
            yield Item(number, (file, file.label not in seen))
            seen.add(file.label)

    def inputs(self, item: Item) -> Inputs:
        file, is_first = item.value
        return Inputs(f"{file.split}\0{file.label}\0{file.image}", file.label, bytes((is_first,)))

    def file_of(self, item: Item) -> str:
        return str(item.value[0].label)

    def read(self, item: Item) -> Iterator[Record]:
        file, is_first = item.value
        data, text = self._text(file.label)
        if text is None:
            yield code("unreadable-labels").at(
                Place(file.label),
                f"is not text, or too large: {file.image or 'none of its objects'} is skipped",
                "restore the file, or annotate the image again",
            )
            return
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) > MAX_OBJECTS:
            yield too_many_objects(Place(file.label), len(lines))
            return
        if is_first and self._keep_text:
            yield SourceText(file.label, data)
        yield from self._image(file, lines)

    def _text(self, name: str) -> tuple[bytes, str | None]:
        try:
            data = self._root.read_bytes(name)
            return data, to_utf8(data, name)[0].decode()
        except (ParseError, UnicodeError):
            return b"", None

    def _image(self, file: Listed, lines: list[tuple[int, str]]) -> Iterator[Record]:
        if not file.image:
            number = sum(isinstance(parse_row(line), Row) for _, line in lines)
            yield code("image-missing").at(
                Place(file.label),
                f"no image of this name: {plural(number, 'object')} not converted",
                "restore the image",
                lost=number,
                severity="error" if number else "warning",
            )
            return
        try:
            width, height = self._root.image_size(file.image)
        except (ParseError, OSError) as error:
            yield unreadable_image(file.image, error, lost=len(lines))
            return
        instances = []
        for number, line in lines:
            instance = yield from self._instance(line, Place(file.label, line=number))
            if instance is not None:
                instances.append(instance)
        yield Image(
            file_name=file.image,
            width=width,
            height=height,
            instances=tuple(instances),
            place=Place(file.label),
            split=file.split,
        )

    def _instance(self, line: str, place: Place) -> Part[Instance | None]:
        """Returns the instance of a row, None if it is invalid or left out."""
        row = parse_row(line)
        if isinstance(row, str):
            yield code("bad-row").at(place, row, "correct or delete the row", lost=1)
            return None
        box = yield from in_order(row.box, row.label, place, place)
        is_ignored = row.label == DONT_CARE
        if is_ignored and self._drops:
            yield code("dont-care-dropped").at(
                place, f"{row.label} is skipped as requested", lost=1
            )
            return None
        return Instance(
            label=row.label,
            box=box,
            area=geometry.box_area(box),
            iscrowd=is_ignored,
            place=place,
            attributes=row.attributes,
        )
