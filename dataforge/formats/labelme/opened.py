"""Labelme files that were opened, and the geometry of their usual shapes, of many files at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import msgspec

from dataforge import geometry
from dataforge.errors import ParseError
from dataforge.formats.labelme.file import File, Shape
from dataforge.formats.labelme.shapes import Geometry
from dataforge.io import MAX_COORDINATE
from dataforge.records import Polygons, Ring

_TOGETHER = 16 * 2**20
"""Bytes of files that are held open together: with the images in them, files are large."""


class Opened(msgspec.Struct):
    """A file that was opened.

    Attributes:
        name: of the file.
        source: its bytes.
        data: the same in UTF-8.
        encoding: of its bytes.
        file: its content; None if it is JSON but not a labelme file.
        error: why it has no content.
        outlines: index of a shape -> its geometry, for those that were measured.
    """

    name: str
    source: bytes = b""
    data: bytes = b""
    encoding: str = "utf-8"
    file: File | None = None
    error: ParseError | None = None
    outlines: Mapping[int, Geometry] = {}


def with_outlines(opened: Iterable[Opened]) -> Iterator[Opened]:
    """The same files with the geometry of their simple polygons."""
    batch: list[Opened] = []
    held = 0
    for one in opened:
        batch.append(one)
        held += len(one.source)
        if held > _TOGETHER:
            yield from _measured(batch)
            batch, held = [], 0
    yield from _measured(batch)


def _measured(batch: list[Opened]) -> list[Opened]:
    places: list[tuple[dict[int, Geometry], int]] = []
    rings: list[Ring] = []
    flat = chain.from_iterable
    for one in batch:
        outlines: dict[int, Geometry] = {}
        one.outlines = outlines
        for index, shape in enumerate(one.file.shapes if one.file is not None else ()):
            if isinstance(shape, Shape) and shape.shape_type == "polygon" and len(shape.points) > 2:
                places.append((outlines, index))
                rings.append(tuple(flat(shape.points)))
    measured = geometry.measured(rings, most=MAX_COORDINATE)
    for (outlines, index), ring, box, area, simple in zip(places, rings, *measured, strict=True):
        # Any other is left to `geometry_of`, which says what is wrong with it.
        if simple:
            outlines[index] = Geometry(box, area, Polygons((ring,)))
    return batch
