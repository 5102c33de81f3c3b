"""Edits Pascal VOC XML: one edit of a finding, in the text as read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dataforge import geometry
from dataforge.findings import Action, Clip, Drop, Edit, Set
from dataforge.formats.base import Editor
from dataforge.formats.spans import Change
from dataforge.formats.text import Text
from dataforge.formats.voc.corners import BOUNDS, in_order, is_reversed
from dataforge.formats.voc.objects import plain_tag
from dataforge.formats.xml_spans import Element, escaped
from dataforge.records import Box

_OBJECT = re.compile(r"object\[(\d+)\]")
# In such a file, the reader and this editor would disagree on which elements are objects.
_RENAMED = re.compile(r"<[^<>]*\sxmlns\s*=|<(\w*[A-Z]\w*)")


class VocEditor(Editor):
    """Changes objects and the stated image size."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        objects = _objects(text)
        if objects is None:
            return ()
        found = _OBJECT.match(edit.place.pointer)
        action = edit.action
        if found is None:
            return [*_sized(text.xml, action.values)] if isinstance(action, Set) else ()
        index = int(found[1])
        return _object_changes(objects[index], action) if index < len(objects) else ()


@lru_cache(maxsize=1)
def _objects(text: Text) -> list[Element] | None:
    """The objects of a file, cached for the next edit; None if it has unusual tags."""
    if any(not tag or plain_tag(tag) != tag for tag in _RENAMED.findall(text.text)):
        return None
    return [*text.xml.iter("object")]


def _object_changes(item: Element, action: Action) -> Sequence[Change]:
    if isinstance(action, Set):
        return _set(item, action.values)
    if sum(child.tag == "bndbox" for child in item.children) > 1:
        return ()  # the others would be dropped as well, or this one not found
    if isinstance(action, Drop):
        return (item.removed(),)
    corners = _corners(item)
    if corners is None:
        return ()
    return [*(_clipped(corners, action) if isinstance(action, Clip) else _reordered(corners))]


def _set(item: Element, values: Mapping[str, Any]) -> Sequence[Change]:
    """All fields or none: an object has a name and usually a difficult flag."""
    changes: list[Change] = []
    for field, value in values.items():
        element = item.find({"label": "name"}.get(field, field))
        if field == "label" and element:
            changes.append(element.filled(escaped(value)))
        elif field == "difficult" and element and element.value is not None:
            changes.append(element.replaced(str(int(value))))
        else:
            return ()
    return changes


def _corners(item: Element) -> list[Element] | None:
    """The elements of (xmin, ymin, xmax, ymax), if all of them are numbers."""
    found = [item.find(f"bndbox/{tag}") for tag in BOUNDS]
    corners = [corner for corner in found if corner]
    try:
        finite = all(math.isfinite(float(corner.value or "")) for corner in corners)
    except ValueError:
        return None
    return corners if finite and len(corners) == len(found) else None


def _written(corners: Sequence[Element]) -> tuple[list[str], Box]:
    """(their texts, the same as numbers)."""
    texts = [(corner.value or "").strip() for corner in corners]
    x0, y0, x1, y1 = map(float, texts)
    return texts, (x0, y0, x1, y1)


def _reordered(corners: Sequence[Element]) -> Iterator[Change]:
    texts, bounds = _written(corners)
    for corner, old, new in zip(corners, texts, in_order(texts, bounds), strict=True):
        if old != new:
            yield corner.replaced(new)


def _clipped(corners: Sequence[Element], clip: Clip) -> Iterator[Change]:
    """The changes to the numbers that lie outside, in the convention that gives the box."""
    texts, bounds = _written(corners)
    inside = geometry.clip_box(clip.box, *clip.size)
    if not geometry.box_area(inside):
        return
    if is_reversed(bounds) and not is_reversed(clip.box):
        corners = in_order(corners, bounds)
        texts = in_order(texts, bounds)
    for coords in geometry.COORDS_OFFSETS:
        if geometry.edges_of_text(texts, coords) == clip.box:
            new = geometry.text_of_edges(inside, coords)
            for at, corner in enumerate(corners):
                if inside[at] != clip.box[at]:
                    yield corner.replaced(new[at])
            return


def _sized(top: Element, values: Mapping[str, Any]) -> Iterator[Change]:
    """The changes that add a <size> to an XML file, or complete its <size>."""
    if values.keys() != {"width", "height"} or not top.children:
        return
    sizes = {tag: str(values[tag]) for tag in ("width", "height")}
    size = top.find("size")
    if size and all(size.find(tag) for tag in sizes):
        for tag, value in sizes.items():
            if element := size.find(tag):
                yield element.replaced(value)
        return
    children = [c for c in size.children if c.tag not in sizes] if size else []
    before = next((c for c in top.children if c.tag in ("segmented", "object")), None)
    place = size or before or top.children[-1]
    step = place.indent and place.indent + (place.indent.lstrip("\r\n") or "  ")
    inside = [f"<{tag}>{value}</{tag}>" for tag, value in sizes.items()]
    inside += [child.source for child in children]
    new = f"<size>{''.join(step + line for line in inside)}{place.indent}</size>"
    if size:
        yield size.start, size.end, new
    elif before:
        yield before.start, before.start, new + before.indent
    else:
        yield place.end, place.end, place.indent + new
