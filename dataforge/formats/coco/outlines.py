"""The segmentation of a COCO annotation: polygons or a mask, and the forms that exporters make."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.formats.coco.file import Notes, shortly
from dataforge.io import MAX_COORDINATE
from dataforge.records import Mask, Polygons, Ring

_DEEPEST = 5
"""Levels of lists around a polygon."""


class Rle(msgspec.Struct):
    """A mask as runs of pixels, compressed (a string) or not; other keys mean nothing."""

    size: tuple[int, int]
    counts: str | list[int]


def shape_of(
    segmentation: tuple[Ring, ...] | Rle | None,
    odd: Any,
    size: tuple[int, int],
    pointer: str,
    notes: Notes,
) -> tuple[Polygons | Mask | None, bool]:
    """(the polygons or mask of an annotation, None without any; whether all of it was read).

    Args:
        segmentation: as COCO defines it.
        odd: a segmentation of another form, else None.
        size: (width, height) of the image, pixels.
        pointer: of the segmentation in its file.
        notes: collects the findings.
    """
    if odd:
        return _odd_shape(odd, size, pointer, notes)
    if not segmentation:
        return None, True
    if isinstance(segmentation, Rle):
        return _mask(segmentation, size, pointer, notes)
    if len(segmentation) > 2 and all(len(ring) == 2 for ring in segmentation):
        _note_odd("the points of a polygon", pointer, notes)
        segmentation = (tuple(value for point in segmentation for value in point),)
    good = []
    for number, ring in enumerate(segmentation):
        fault = _fault(ring)
        if not fault:
            good.append(ring)
        elif ring:
            where = f"{pointer}[{number}]"
            notes.add("bad-ring", where, f"{fault}: polygon skipped", "redraw the polygon")
    whole = len(good) == sum(map(bool, segmentation))
    return Polygons(tuple(good)) if good else None, whole


def _odd_shape(
    odd: Any, size: tuple[int, int], pointer: str, notes: Notes
) -> tuple[Polygons | Mask | None, bool]:
    """The same of a segmentation that COCO does not define, with one finding."""
    if (rle := _rle(odd)) or (isinstance(odd, list) and len(odd) == 1 and (rle := _rle(odd[0]))):
        shape, whole = _mask(rle, size, pointer, notes)
        if shape is not None:
            _note_odd("a run-length encoded mask", pointer, notes)
        return shape, whole
    if (ring := _flat(odd)) and not _fault(ring):
        if any(isinstance(value, str) for value in odd):
            _note_odd("the numbers of a polygon", pointer, notes)
        else:
            message = "expected a list of polygons, got the numbers of one"
            notes.add("flat-ring", pointer, message, "write a list of lists")
        return Polygons((ring,)), True
    found = [*_rings(odd, _DEEPEST)]
    rings = tuple(ring for ring in found if ring is not None and not _fault(ring))
    if rings and len(rings) == len(found):
        _note_odd(f"{len(rings)} polygons" if len(rings) > 1 else "a polygon", pointer, notes)
        return Polygons(rings), True
    part = "all but the polygons in it is skipped" if rings else "it is skipped"
    message = f"expected a list of polygons or an RLE, got {shortly(odd)}: {part}"
    notes.add("bad-segmentation", pointer, message, "export it again, or redraw it")
    return Polygons(rings) if rings else None, False


def _note_odd(meaning: str, pointer: str, notes: Notes) -> None:
    message = f"not in the form that COCO defines: read as {meaning}"
    remedy = "`dataforge coco filter IN.json OUT.json` writes it as other tools expect it"
    notes.add("odd-segmentation", pointer, message, remedy)


def _rings(value: Any, deepest: int) -> Iterator[Ring | None]:
    """The rings in nested lists, None for each part that is none."""
    if (ring := _flat(value) or _of_points(value)) is not None:
        yield ring
    elif isinstance(value, list) and value and deepest:
        for item in value:
            yield from _rings(item, deepest - 1)
    elif value != []:
        yield None


def _flat(value: Any) -> Ring | None:
    """A list of finite numbers, or of texts of numbers, as a ring."""
    if not isinstance(value, list) or not value:
        return None
    numbers = [finite_number(item) for item in value]
    return (
        tuple(number for number in numbers if number is not None) if None not in numbers else None
    )


def _of_points(value: Any) -> Ring | None:
    """A list of points, [x, y] or {"x": x, "y": y}, as a ring."""
    if not isinstance(value, list) or len(value) < 3:
        return None
    ring: list[float] = []
    for point in value:
        if isinstance(point, dict):
            point = [point.get("x"), point.get("y")]
        found = _flat(point)
        if found is None or len(found) != 2:
            return None
        ring += found
    return tuple(ring)


def finite_number(value: Any) -> float | None:
    """A finite number; tools that only know text have written it as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _fault(ring: Ring) -> str:
    if len(ring) < 6 or len(ring) % 2:
        return f"expected 6 or more numbers, two per point, got {len(ring)}"
    # Counting its pixels would overflow.
    far = min(ring) < -MAX_COORDINATE or max(ring) > MAX_COORDINATE
    return "a point is millions of pixels away" if far else ""


def _rle(value: Any) -> Rle | None:
    """An RLE whose numbers are floats or texts."""
    try:
        return msgspec.convert(value, Rle, strict=False)
    except (msgspec.ValidationError, OverflowError):
        return None


def _mask(rle: Rle, size: tuple[int, int], pointer: str, notes: Notes) -> tuple[Mask | None, bool]:
    """(the mask, None if it is invalid; whether it is valid)."""
    height, width = rle.size
    if isinstance(rle.counts, str):
        text: str | None = _without_quotes(rle.counts)
        runs = geometry.rle_runs(_without_quotes(rle.counts))
    else:
        text, runs = None, rle.counts
    pixels = height * width
    if height <= 0 or width <= 0 or pixels > geometry.MAX_MASK_PIXELS:
        message = f"a mask of {height} x {width} pixels: skipped"
        notes.add("bad-rle", pointer, message, "recreate the mask")
        return None, False
    if not runs or min(runs) < 0 or sum(runs) != pixels:
        got = f"{sum(runs)}" if runs else "invalid counts"
        message = f"expected runs of {height} x {width} = {pixels} pixels, got {got}: mask skipped"
        notes.add("bad-rle", pointer, message, "recreate the mask")
        return None, False
    if (width, height) != size:
        message = f"mask of {width}x{height} pixels for an image of {size[0]}x{size[1]}"
        remedy = "recreate the mask at the size of the image"
        notes.add("mask-size-differs", f"{pointer}.size", message, remedy)
    mask = geometry.mask_from_runs(geometry.without_empty(runs), rle.size)
    if text is not None and text != rle.counts:
        _note_odd("a run-length encoded mask", pointer, notes)
    elif text is not None and text != mask.counts:
        message = "counts are not packed as by pycocotools, which may read other pixels"
        remedy = "convert the dataset, which packs them again"
        notes.add("bad-rle", f"{pointer}.counts", message, remedy)
    return mask, True


def _without_quotes(counts: str) -> str:
    """Counts that were written as Python shows bytes, b'...', without that."""
    if counts[:2] in ("b'", 'b"') and len(counts) < 1 << 24:
        try:
            value = ast.literal_eval(counts)
            return value.decode("ascii") if isinstance(value, bytes) else counts
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return counts
    return counts
