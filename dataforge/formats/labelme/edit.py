"""Edits labelme files in place."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from dataforge import geometry
from dataforge.findings import Clip, Drop, Edit, Set
from dataforge.formats.base import Editor
from dataforge.formats.json_spans import number, path_of
from dataforge.formats.spans import Change, Path
from dataforge.formats.text import Text
from dataforge.records import Ring


class LabelmeEditor(Editor):
    """Sets labels and the image size, drops shapes, clips polygons and rectangles."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        path, action = path_of(edit.place.pointer), edit.action
        if path and text.json.span(path) is None:
            return []
        if isinstance(action, Set):
            return list(_set(text, path, action.values))
        if isinstance(action, Drop):
            return text.json.taken_out(path) if path else []
        return list(_clipped(text, path, action.size)) if isinstance(action, Clip) else []


def _set(text: Text, path: Path, values: dict[str, Any]) -> Iterator[Change]:
    if "label" in values and (raw := text.json.raw((*path, "label"))):
        label = json.dumps(values["label"], ensure_ascii="\\u" in raw)
        yield text.json.replaced((*path, "label"), label)
    keys = {"width": "imageWidth", "height": "imageHeight"}
    if sizes := {key: str(values[name]) for name, key in keys.items() if name in values}:
        yield from text.json.put(path, sizes)


def _clipped(text: Text, path: Path, size: tuple[int, int]) -> Iterator[Change]:
    """The changes to a shape, and to the other shapes of the same instance."""
    for member in _group(text, path):
        points = text.json.value((*member, "points"))
        if not isinstance(points, list) or not all(map(_is_point, points)) or len(points) < 2:
            continue
        kind = text.json.value((*member, "shape_type"))
        kind = kind or {2: "rectangle"}.get(len(points), "polygon")
        ring = tuple(float(value) for point in points for value in point)
        cut = _CLIP.get(kind) if isinstance(kind, str) else None
        if cut and _sticks_out(ring, size):
            yield from cut(text, (*member, "points"), ring, size)


def _group(text: Text, path: Path) -> Iterator[Path]:
    """A shape and those with its label and group_id."""
    shape = text.json.value(path)
    if not isinstance(shape, dict) or (key := _group_key(shape)) is None:
        yield path
        return
    for index in _groups(text, path[:-1])[key]:
        yield (*path[:-1], index)


@lru_cache(maxsize=1)
def _groups(text: Text, shapes: Path) -> dict[tuple[str, Any], list[int]]:
    """The indices of the shapes in each group, cached for the next edit."""
    found: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for index in range(text.json.length(shapes)):
        shape = text.json.value((*shapes, index))
        if isinstance(shape, dict) and (key := _group_key(shape)) is not None:
            found[key].append(index)
    return found


def _group_key(shape: dict[str, Any]) -> tuple[str, Any] | None:
    """The label and group_id of a shape; None if it is in no group."""
    group = shape.get("group_id")
    if isinstance(group, (dict, list)):  # no such thing, but the file may say so
        group = json.dumps(group)
    return None if group is None else (str(shape.get("label")).strip(), group)


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)
    )


def _sticks_out(ring: Ring, size: tuple[int, int]) -> bool:
    """Whether a polygon extends beyond its image, and part of its box is inside."""
    box = geometry.ring_box(ring)
    inside = geometry.clip_box(box, *size)
    return inside != box and geometry.box_area(inside) > 0


def _rectangle(text: Text, path: Path, ring: Ring, size: tuple[int, int]) -> Iterator[Change]:
    for at, value in enumerate(ring):
        inside = min(max(value, 0.0), size[at % 2])
        if inside != value:
            place = (*path, at // 2, at % 2)
            yield text.json.replaced(place, number(inside, text.json.raw(place)))


def _polygon(text: Text, path: Path, ring: Ring, size: tuple[int, int]) -> Iterator[Change]:
    """New points are written in the style of the first one; existing points stay unchanged."""
    inside = geometry.clip_ring(ring, *size)
    if len(inside) < 6:
        return
    written = {
        point: text.json.raw((*path, index)) for index, point in enumerate(geometry.points_of(ring))
    }
    like = text.json.raw((*path, 0, 0))
    opening = text.json.raw((*path, 0)).partition(like)[0]
    gap, tail = _between(text, (*path, 0, 0), (*path, 0, 1)), _after(text, (*path, 0))
    points = [
        written.get(point) or opening + number(point[0], like) + gap + number(point[1], like) + tail
        for point in geometry.points_of(inside)
    ]
    start, _ = text.json.span(path) or (0, 0)
    first, _ = text.json.span((*path, 0)) or (0, 0)
    between = _between(text, (*path, 0), (*path, 1))
    new = text.text[start:first] + between.join(points) + _after(text, path)
    yield text.json.replaced(path, new)


_CLIP = {"polygon": _polygon, "rectangle": _rectangle}


def _between(text: Text, one: Path, other: Path) -> str:
    """The text between two neighbours in a list."""
    before, after = text.json.span(one), text.json.span(other)
    return text.text[before[1] : after[0]] if before and after else ", "


def _after(text: Text, path: Path) -> str:
    """The text after the last element of a list, including the bracket."""
    span = text.json.span(path) or (0, 0)
    last = text.json.span((*path, text.json.length(path) - 1)) or span
    return text.text[last[1] : span[1]]
