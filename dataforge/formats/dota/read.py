"""Reads DOTA's label files: an item is one of them.

Some tools divide the corners by the size of the image. Whether they did, only the whole dataset
shows: a single object may be within a pixel of the image's corner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Evidence, Found, Part, Reader
from dataforge.formats.dota.files import find_files
from dataforge.formats.dota.rows import Row, parse_header, parse_row
from dataforge.formats.label_files import Listed
from dataforge.formats.label_files_read import LabelFilesReading, Numbered
from dataforge.formats.outlines import crossing
from dataforge.io import Root
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


class DotaReading(LabelFilesReading[Row]):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    decides = True

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, context)
        self._corners = options.corners

    def find(self) -> Part[Sequence[Listed]]:
        return (yield from find_files(self.root))

    def row(self, line: str, file: Listed) -> Row | str:
        return parse_row(line)

    def header(self, lines: list[Numbered]) -> tuple[dict[str, Any], list[Numbered]]:
        attributes: dict[str, Any] = {}
        while lines and (header := parse_header(lines[0].text)):
            attributes[header[0]] = header[1]
            lines = lines[1:]
        return attributes, lines

    def instance(self, row: Row, place: Place, size: tuple[int, int]) -> Part[Instance | None]:
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

    def evidence(self, image: Image) -> Iterator[Evidence]:
        if image.instances:
            furthest = max(max(map(abs, instance.box)) for instance in image.instances)
            yield Evidence(_FURTHEST, [furthest, image.place.file])

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
