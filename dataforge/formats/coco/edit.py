"""Edits of COCO files: entries are found by their JSON pointers, and only they change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.findings import Clip, Drop, Edit, Reorder, Set
from dataforge.formats.base import Editor
from dataforge.formats.coco.entries import Annotation, decode
from dataforge.formats.coco.file import Notes
from dataforge.formats.coco.outlines import shape_of
from dataforge.formats.decimals import exact, plain
from dataforge.formats.json_spans import number, path_of
from dataforge.formats.spans import Change, Path
from dataforge.formats.text import Text
from dataforge.io import repaired
from dataforge.records import Box, Mask, Polygons, Ring

_KEYS = {
    "annotations": {"area": "area", "iscrowd": "iscrowd", "id": "id"},
    "images": {"width": "width", "height": "height"},
    "categories": {"label": "name"},
}
"""List of a COCO file -> field of `Set` -> key of its entries."""


class CocoEditor(Editor):
    """Edits annotations, images and categories."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        path = path_of(edit.place.pointer)
        if len(path) != 2 or not text.json.raw(path).startswith("{"):
            return ()
        if isinstance(edit.action, Set):
            return _set(text, path, edit.action.values)
        if path[0] != "annotations":
            return ()
        if isinstance(edit.action, Drop):
            return text.json.taken_out(path)
        return tuple(_reorder(text, path) if isinstance(edit.action, Reorder)
                     else _clip(text, path, edit.action))  # fmt: skip


def _set(text: Text, path: Path, values: dict[str, Any]) -> Sequence[Change]:
    """The changes that write values; none if one of them cannot be stored."""
    keys = _KEYS.get(str(path[0]), {})
    if not values.keys() <= keys.keys():
        return ()
    members = {}
    for field, value in values.items():
        like = text.json.raw((*path, keys[field]))
        if isinstance(value, str):
            members[keys[field]] = json.dumps(value, ensure_ascii="\\u" in like)
        else:
            members[keys[field]] = number(value, like)
    return text.json.put(path, members)


def _bbox(text: Text, path: Path) -> list[Decimal] | None:
    """The numbers of a bbox as written; None unless they are four finite ones."""
    found = text.json.value((*path, "bbox"))
    if not isinstance(found, list) or len(found) != 4:
        return None
    if not all(type(value) in (int, float) for value in found):
        return None
    try:
        return [exact(text.json.raw((*path, "bbox", at))) for at in range(4)]
    except ValueError:
        return None


def _reorder(text: Text, path: Path) -> Iterator[Change]:
    """The changes to a bbox: x becomes x + w, and w becomes -w, without rounding."""
    bbox = _bbox(text, path)
    if bbox is None:
        return
    for at in (0, 1):
        start, size = bbox[at], bbox[at + 2]
        if size < 0:
            yield text.json.replaced((*path, "bbox", at), f"{start + size:f}")
            yield text.json.replaced((*path, "bbox", at + 2), f"{-size:f}")


def _clip(text: Text, path: Path, clip: Clip) -> Iterator[Change]:
    """The changes to an annotation that lies partly inside its image."""
    bbox = _bbox(text, path)
    inside = geometry.clip_box(clip.box, *clip.size)
    if not bbox or not geometry.box_area(inside):
        return
    for at, limit in enumerate(clip.size):
        start, size = bbox[at], bbox[at + 2]
        low, high = sorted((start, start + size))
        low, high = (min(max(value, Decimal(0)), Decimal(limit)) for value in (low, high))
        if low != start:
            yield text.json.replaced((*path, "bbox", at), plain(low))
        if high - low != size:
            yield text.json.replaced((*path, "bbox", at + 2), plain(high - low))
    before, as_defined = _shape(text, path, clip.size)
    if not as_defined:
        return
    after = before
    if isinstance(before, Polygons):
        rings = tuple(geometry.clip_ring(ring, *clip.size) for ring in before.rings)
        whole = len(rings) == text.json.length((*path, "segmentation"))
        if whole and all(len(ring) >= 6 for ring in rings):
            after = Polygons(rings)
            for at, (old, new) in enumerate(zip(before.rings, rings, strict=True)):
                if new != old:
                    yield _numbers(text, (*path, "segmentation", at), new)
    if before is None or after != before:
        yield from _area(text, path, after, inside, clip.size)


def _shape(text: Text, path: Path, size: tuple[int, int]) -> tuple[Polygons | Mask | None, bool]:
    """(the polygons or mask of an annotation, as the reader reads them; whether all is as in COCO).

    An outline in another form is left as it is.
    """
    data = text.json.raw(path).encode("utf-8", "replace")
    raw = msgspec.Raw(repaired(data) or data)
    found = decode(raw, Annotation, "", Notes(text.name))
    notes = Notes(text.name)
    odd = found.odd.get("segmentation")
    shape, whole = shape_of(found.entry.segmentation, odd, size, "", notes)
    return shape, whole and not any(one.code == "odd-segmentation" for one in notes.take())


def _area(
    text: Text, path: Path, shape: Polygons | Mask | None, box: Box, size: tuple[int, int]
) -> Iterator[Change]:
    """The change to the area, if there is one."""
    path = (*path, "area")
    if isinstance(text.json.value(path), (int, float)):
        area = geometry.shape_area(shape, box, *size)
        yield text.json.replaced(path, number(area, text.json.raw(path)))


def _numbers(text: Text, path: Path, values: Ring) -> Change:
    """The change to a list of numbers, formatted like its first two."""
    (start, end), (first, _) = _span(text, path), _span(text, (*path, 0))
    (_, left), (right, _) = _span(text, (*path, 0)), _span(text, (*path, 1))
    _, last = _span(text, (*path, text.json.length(path) - 1))
    like = text.json.raw((*path, 0))
    new = text.text[left:right].join(number(value, like) for value in values)
    return start, end, text.text[start:first] + new + text.text[last:end]


def _span(text: Text, path: Path) -> tuple[int, int]:
    return text.json.span(path) or (0, 0)
