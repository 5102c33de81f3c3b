"""The entries of a COCO file, each decoded separately.

All entries of a page at once if they are standard COCO, else one by one, and an unusual one key by
key, so that an invalid value affects only itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from dataforge import geometry
from dataforge.findings import Edit, Place, Reorder
from dataforge.formats.coco.file import Notes, shortly
from dataforge.formats.coco.lists import decode_list, decode_object
from dataforge.formats.coco.outlines import Rle
from dataforge.io import MAX_COORDINATE, plain
from dataforge.records import Box, Ring


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
    keypoints: tuple[float, ...] | None = None
    num_keypoints: Any = None


_Number = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
_Side = Annotated[float, Meta(ge=0)]
_Ring = Annotated[tuple[_Number, ...], Meta(min_length=6)]


class UsualAnnotation(Annotation, forbid_unknown_fields=True, gc=False):
    """An annotation without other keys, whose box is not reversed and whose rings are not far away;
    they may have an odd number of numbers."""

    bbox: tuple[_Number, _Number, _Side, _Side] | None = None
    segmentation: tuple[_Ring, ...] | Rle | None = None


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
    Annotation: msgspec.json.Decoder(list[UsualAnnotation]).decode,
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
            if key == "attributes" or (key == "keypoints" and known[key] is None):  # kept unchanged
                extra[key] = odd[key]
    return Decoded(type_(**known), extra, odd)


def _understood(key: str, raw: msgspec.Raw, type_: Any, pointer: str, notes: Notes) -> Any:
    """The most likely meaning of a value of the wrong type, or None."""
    value = plain(raw)
    if key in ("attributes", "segmentation") or (key == "bbox" and value == []):
        return None  # of a segmentation, `shape_of` finds out
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
    "keypoints": "a list of numbers",
    "width": "a number",
    "height": "a number",
    "file_name": "a string",
}


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
