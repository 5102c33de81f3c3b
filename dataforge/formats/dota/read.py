"""Reads DOTA's label files: an item is one of them.

Some tools divide the corners by the size of the image. Whether they did, only the whole dataset
shows: a single object may be within a pixel of the image's corner.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
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
from dataforge.formats.dota.files import Listed, find_files
from dataforge.formats.dota.rows import Row, parse_header, parse_row
from dataforge.formats.images import unreadable_image
from dataforge.formats.outlines import crossing
from dataforge.io import MAX_OBJECTS, Root, to_utf8
from dataforge.records import Image, Instance, Polygons

_FURTHEST = "furthest corner"
"""Evidence of a file with objects: [the largest of its coordinates, the file]."""

_SLACK = 0.1
"""Share of the image by which an object may extend beyond it."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    corners: Annotated[
        Literal["auto", "pixels", "normalised"],
        msgspec.Meta(
            description="Corners are in pixels, or normalised by the size of the image; auto: "
            "normalised if none of the dataset is beyond 1."
        ),
    ] = "auto"


class DotaReader(Reader[ReadOptions]):
    """Reads one text file per image."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> DotaReading:
        return DotaReading(root, options, context)


class DotaReading(Reading):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    decides = True

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._corners = options.corners
        self._keep_text = context.keep_text

    def items(self) -> Iterator[Item | Record]:
        findings, files = finished(find_files(self._root))
        yield from findings
        self.total = len(files)
        yield from map(Item._make, enumerate(files))

    def inputs(self, item: Item) -> Inputs:
        file: Listed = item.value
        return Inputs(f"{file.split}\0{file.label}\0{file.image}", file.label)

    def file_of(self, item: Item) -> str:
        return str(item.value.label)

    def read(self, item: Item) -> Iterator[Record]:
        file: Listed = item.value
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
        if self._keep_text:
            yield SourceText(file.label, data)
        yield from self._image(file, lines)

    def _text(self, name: str) -> tuple[bytes, str | None]:
        try:
            data = self._root.read_bytes(name)
            return data, to_utf8(data, name)[0].decode()
        except (ParseError, UnicodeError):
            return b"", None

    def _image(self, file: Listed, lines: list[tuple[int, str]]) -> Iterator[Record]:
        attributes: dict[str, Any] = {}
        while lines and (header := parse_header(lines[0][1])):
            attributes[header[0]] = header[1]
            lines = lines[1:]
        if not file.image:
            lost = sum(isinstance(parse_row(line), Row) for _, line in lines)
            yield code("image-missing").at(
                Place(file.label),
                f"no image of this name: {plural(lost, 'object')} not converted",
                "restore the image",
                lost=lost,
                severity="error" if lost else "warning",
            )
            return
        try:
            size = self._root.image_size(file.image)
        except (ParseError, OSError) as error:
            yield unreadable_image(file.image, error, lost=len(lines))
            return
        instances = []
        for number, line in lines:
            instance = yield from _instance(line, Place(file.label, line=number), size)
            if instance is not None:
                instances.append(instance)
        if instances:
            furthest = max(max(map(abs, instance.box)) for instance in instances)
            yield Evidence(_FURTHEST, [furthest, file.label])
        yield Image(
            file_name=file.image,
            width=size[0],
            height=size[1],
            instances=tuple(instances),
            place=Place(file.label),
            split=file.split,
            attributes=attributes,
        )

    def decide(self, found: Found) -> bool:
        """Whether corners are normalised."""
        if self._corners != "auto":
            return self._corners == "normalised"
        return bool(found.get(_FURTHEST)) and all(
            furthest <= 1 + _SLACK for furthest, _ in found[_FURTHEST]
        )

    def settle(self, image: Image, decision: Any) -> Iterator[Image | Finding]:
        if decision and image.instances:
            size = image.width, image.height
            scaled = tuple(_scaled(instance, size) for instance in image.instances)
            image = msgspec.structs.replace(image, instances=scaled)
        yield image

    def finish(self, found: Found, decision: Any) -> Iterator[Finding]:
        if decision and self._corners == "auto":
            _, first = found[_FURTHEST][0]
            yield code("normalised-corners").at(
                Place(first),
                "no corner of the dataset is beyond 1: all are read as normalised by the size of "
                "their image",
                "if they are pixels, use --corners pixels",
            )


def _instance(line: str, place: Place, size: tuple[int, int]) -> Part[Instance | None]:
    """Returns the instance of a row, None if it is invalid."""
    row = parse_row(line)
    if isinstance(row, str):
        yield code("bad-row").at(place, row, "correct or delete the row", lost=1)
        return None
    area, crosses = geometry.outline_area(row.ring, *size)
    if crosses:
        yield crossing(row.label, area, place)
    return Instance(
        label=row.label,
        box=geometry.ring_box(row.ring),
        area=area,
        shape=Polygons((row.ring,)),
        difficult=row.difficult > 0,
        place=place,
        attributes={"difficult": row.difficult} if row.difficult > 1 else {},
    )


def _scaled(instance: Instance, size: tuple[int, int]) -> Instance:
    """An instance whose corners are normalised, in pixels."""
    shape = instance.shape
    if not isinstance(shape, Polygons):
        return instance
    (corners,) = shape.rings
    ring = tuple(value * size[at % 2] for at, value in enumerate(corners))
    return msgspec.structs.replace(
        instance,
        box=geometry.ring_box(ring),
        area=geometry.outline_area(ring, *size)[0],
        shape=Polygons((ring,)),
    )
