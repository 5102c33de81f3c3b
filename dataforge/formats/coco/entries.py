"""The entries of a COCO file, each decoded separately.

All entries of a page at once if they are standard COCO, else one by one, and an unusual one key by
key, so that an invalid value affects only itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from dataforge import geometry
from dataforge.findings import Edit, Place, Reorder
from dataforge.formats.coco.file import Notes, decode_list, decode_object, shortly
from dataforge.io import MAX_COORDINATE, plain
from dataforge.records import Box, Mask, Polygons, Ring


class Rle(msgspec.Struct, forbid_unknown_fields=True):
    """A mask as runs of pixels, compressed (a string) or not."""

    size: tuple[int, int]
    counts: str | list[int]


class Annotation(msgspec.Struct, gc=False):
    """An entry of ``annotations``; bbox is (x, y, width, height)."""

    id: Any = None
    image_id: Any = None
    category_id: Any = None
    bbox: Box | None = None
    area: float | None = None
    iscrowd: bool | int | None = None
    segmentation: tuple[Ring, ...] | Rle | None = None
    attributes: dict[str, Any] | None = None


class _OnlyAnnotation(Annotation, forbid_unknown_fields=True):
    """An annotation without other keys."""


class ImageEntry(msgspec.Struct, gc=False):
    """An entry of ``images``."""

    id: Any = None
    file_name: str | None = None
    width: float | None = None
    height: float | None = None
    attributes: dict[str, Any] | None = None


class _OnlyImageEntry(ImageEntry, forbid_unknown_fields=True):
    """An entry without other keys."""


E = TypeVar("E", Annotation, ImageEntry)


class Decoded(msgspec.Struct, Generic[E], frozen=True):
    """An entry.

    Attributes:
        entry: its standard keys.
        extra: all other keys.
        odd: key -> value, for values of an unexpected type.
    """

    entry: E
    extra: dict[str, Any]
    odd: dict[str, Any]


_CORRECT = "correct the value, or remove the key"

_TYPES: tuple[type[Annotation], type[ImageEntry]] = (Annotation, ImageEntry)
_DECODE: dict[type, Callable[[Any], Any]] = {
    type_: msgspec.json.Decoder(type_).decode for type_ in _TYPES
}
_DECODE_ALL: dict[type, Callable[[bytes], Any]] = {
    Annotation: msgspec.json.Decoder(list[_OnlyAnnotation]).decode,
    ImageEntry: msgspec.json.Decoder(list[_OnlyImageEntry]).decode,
}
_FIELDS: dict[type, dict[str, Any]] = {
    type_: {field.name: msgspec.json.Decoder(field.type) for field in msgspec.structs.fields(type_)}
    for type_ in _TYPES
}


def decode_all(data: bytes, type_: type[E]) -> Sequence[E | msgspec.Raw]:
    """The entries of a JSON list; still to `decode` if any has other keys or unexpected types."""
    try:
        found: list[E] = _DECODE_ALL[type_](data)
    except msgspec.ValidationError:
        return decode_list(data)
    return found


def decode(raw: E | msgspec.Raw, type_: type[E], pointer: str, notes: Notes) -> Decoded[E]:
    """An entry with everything in it.

    Args:
        raw: of `decode_all`; an object.
        type_: of its standard keys.
        pointer: of the entry in its file.
        notes: collects the findings.
    """
    if not isinstance(raw, msgspec.Raw):
        return Decoded(raw, {}, {})
    fields = _FIELDS[type_]
    keys = decode_object(raw)
    extra = {key: plain(value) for key, value in keys.items() if key not in fields}
    try:
        return Decoded(_DECODE[type_](raw), extra, {})
    except msgspec.ValidationError:
        pass
    known: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    for key in [key for key in keys if key in fields]:
        try:
            known[key] = fields[key].decode(keys[key])
        except msgspec.ValidationError:
            odd[key] = plain(keys[key])
            known[key] = _understood(key, keys[key], fields[key].type, f"{pointer}.{key}", notes)
            if key == "attributes":  # kept unchanged
                extra[key] = odd[key]
    return Decoded(type_(**known), extra, odd)


def _understood(key: str, raw: msgspec.Raw, type_: Any, pointer: str, notes: Notes) -> Any:
    """The most likely meaning of a value of the wrong type, or None."""
    value = plain(raw)
    if key == "attributes" or (key == "bbox" and value == []):
        return None
    if key == "segmentation":
        return _rings(raw, value, pointer, notes)
    wanted = f"expected {_EXPECTED[key]}, got {shortly(raw)}"
    try:
        meant = msgspec.convert(value, type_, strict=False)
    except (msgspec.ValidationError, OverflowError):
        notes.add("bad-value", pointer, wanted, _CORRECT)
        return None
    numbers = meant if isinstance(meant, tuple) else (meant,)
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        notes.add("bad-value", pointer, wanted, _CORRECT)
        return None
    notes.add("odd-number", pointer, f"{wanted}: read as a number", "write it as a number")
    return meant


_EXPECTED = {
    "id": "a number or a string",
    "image_id": "a number or a string",
    "category_id": "a number or a string",
    "bbox": "four numbers",
    "area": "a number",
    "iscrowd": "0 or 1",
    "width": "a number",
    "height": "a number",
    "file_name": "a string",
}


def _rings(raw: msgspec.Raw, value: Any, pointer: str, notes: Notes) -> tuple[Ring, ...]:
    """The rings of a segmentation that is not a list of rings."""
    if ring := _ring(value):
        message = "expected a list of polygons, got the numbers of one"
        notes.add("flat-ring", pointer, message, "write a list of lists")
        return (ring,)
    rings = [_ring(item) for item in value] if isinstance(value, list) else []
    message = f"expected a list of polygons or an RLE, got {shortly(raw)}"
    notes.add("bad-segmentation", pointer, message, "export it again, or redraw it")
    return tuple(ring for ring in rings if ring)


def _ring(value: Any) -> Ring | None:
    """A list of finite numbers as a ring, None for anything else."""
    try:
        ring = msgspec.convert(value, Ring)
    except (msgspec.ValidationError, OverflowError):
        return None
    return ring if all(map(math.isfinite, ring)) else None


# Geometry ---------------------------------------------------------------------------------------


def shape_of(
    segmentation: tuple[Ring, ...] | Rle | None, size: tuple[int, int], pointer: str, notes: Notes
) -> Polygons | Mask | None:
    """The polygons or mask of an annotation, None if there are none that are valid.

    Args:
        segmentation: as written.
        size: (width, height) of the image, pixels.
        pointer: of the annotation in its file.
        notes: collects the findings.
    """
    if not segmentation:
        return None
    if isinstance(segmentation, Rle):
        return _mask(segmentation, size, pointer, notes)
    good = []
    for number, ring in enumerate(segmentation):
        fault = _fault(ring)
        if not fault:
            good.append(ring)
        elif ring:
            where = f"{pointer}.segmentation[{number}]"
            notes.add("bad-ring", where, f"{fault}: polygon skipped", "redraw the polygon")
    return Polygons(tuple(good)) if good else None


def _fault(ring: Ring) -> str:
    if len(ring) < 6 or len(ring) % 2:
        return f"expected 6 or more numbers, two per point, got {len(ring)}"
    # Counting its pixels would overflow.
    far = min(ring) < -MAX_COORDINATE or max(ring) > MAX_COORDINATE
    return "a point is millions of pixels away" if far else ""


def _mask(rle: Rle, size: tuple[int, int], pointer: str, notes: Notes) -> Mask | None:
    height, width = rle.size
    runs = geometry.rle_runs(rle.counts) if isinstance(rle.counts, str) else rle.counts
    pixels = height * width
    if height <= 0 or width <= 0 or pixels > geometry.MAX_MASK_PIXELS:
        message = f"a mask of {height} x {width} pixels: skipped"
        notes.add("bad-rle", f"{pointer}.segmentation", message, "recreate the mask")
        return None
    if not runs or min(runs) < 0 or sum(runs) != pixels:
        got = f"{sum(runs)}" if runs else "invalid counts"
        message = f"expected runs of {height} x {width} = {pixels} pixels, got {got}: mask skipped"
        notes.add("bad-rle", f"{pointer}.segmentation", message, "recreate the mask")
        return None
    if (width, height) != size:
        message = f"mask of {width}x{height} pixels for an image of {size[0]}x{size[1]}"
        remedy = "recreate the mask at the size of the image"
        notes.add("mask-size-differs", f"{pointer}.segmentation.size", message, remedy)
    mask = geometry.mask_from_runs(geometry.without_empty(runs), rle.size)
    if isinstance(rle.counts, str) and rle.counts != mask.counts:
        message = "counts are not packed as by pycocotools, which may read other pixels"
        remedy = "convert the dataset, which packs them again"
        notes.add("bad-rle", f"{pointer}.segmentation.counts", message, remedy)
    return mask


def box_of(found: Decoded[Annotation], pointer: str, notes: Notes) -> Box | None:
    """The box that an annotation states, None if it is invalid."""
    if found.entry.bbox is None:
        return None
    x, y, w, h = found.entry.bbox
    box = (x, y, x + w, y + h)
    if w < 0 or h < 0:
        place = Place(notes.file, pointer)
        notes.add(
            "reversed-box",
            f"{pointer}.bbox",
            f"expected a non-negative width and height, got {w:g} and {h:g}: corners reordered",
            "write the corners in order",
            edits=() if "bbox" in found.odd else (Edit(place, Reorder()),),
        )
        return geometry.ordered(box)
    return box if math.isfinite(box[2]) and math.isfinite(box[3]) else None
