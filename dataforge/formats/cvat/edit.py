"""Edits CVAT XML: the attributes of one element, in the text as read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dataforge import geometry
from dataforge.findings import Action, Clip, Drop, Edit, Reorder, Set
from dataforge.formats.base import Editor
from dataforge.formats.cvat.shapes import CORNERS
from dataforge.formats.decimals import exact
from dataforge.formats.json_spans import number
from dataforge.formats.spans import Change, Span
from dataforge.formats.text import Text
from dataforge.formats.xml_spans import Element

_PLACE = re.compile(r"(image|track)\[(\d+)\](?:/(box|polygon|ellipse|mask)\[(\d+)\])?")
_ATTRIBUTE = re.compile(r"""\s([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")


class CvatEditor(Editor):
    """Renames and drops objects of images, clips and reorders boxes, and sets the size of images.

    The shapes of a track depend on each other: in them, boxes are clipped and reordered alone.
    """

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        found = _PLACE.fullmatch(edit.place.pointer)
        if found is None or text.xml.tag != "annotations":
            return ()
        tag, index, kind, at = found.groups()
        element = _child(text.xml, tag, int(index))
        if element is None:
            return ()
        if kind is None:
            return _resized(text, element, edit.action) if tag == "image" else ()
        shape = _child(element, kind, int(at))
        if shape is None:
            return ()
        if isinstance(edit.action, Clip | Reorder):
            return [*_corners(text, shape, edit.action)] if kind == "box" else ()
        return _changed(text, shape, edit.action) if tag == "image" else ()


def _resized(text: Text, image: Element, action: Action) -> Sequence[Change]:
    """The changes of an image's size."""
    if not isinstance(action, Set) or action.values.keys() != {"width", "height"}:
        return ()
    return [*_set(text, image, {name: str(value) for name, value in action.values.items()})]


def _changed(text: Text, shape: Element, action: Set | Drop) -> Sequence[Change]:
    """The changes of an object of an image."""
    if isinstance(action, Drop):
        return (shape.removed(),)
    if action.values.keys() != {"label"}:
        return ()
    return [*_set(text, shape, {"label": str(action.values["label"])})]


@lru_cache(maxsize=64)
def _children(parent: Element, tag: str) -> list[Element]:
    return [child for child in parent.children if child.tag == tag]


def _child(parent: Element, tag: str, index: int) -> Element | None:
    found = _children(parent, tag)
    return found[index] if index < len(found) else None


def _attributes(text: Text, element: Element) -> dict[str, Span]:
    """Attribute -> the span of its value between the quotation marks."""
    found = _ATTRIBUTE.finditer(text.text, element.start, element.inner_start)
    return {one[1]: (one.start(2) + 1, one.end(2) - 1) for one in found}


def _set(text: Text, element: Element, values: dict[str, str]) -> Iterator[Change]:
    """The changes that give an element attributes, all of which have a value already or not."""
    spans = _attributes(text, element)
    missing = [name for name in values if name not in spans]
    for name, value in values.items():
        if name in spans:
            yield *spans[name], _quoted(value)
    if missing:
        at = element.start + 1 + len(element.tag)
        yield at, at, "".join(f' {name}="{_quoted(values[name])}"' for name in missing)


def _quoted(value: str) -> str:
    for old, new in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;"), ("'", "&apos;")):
        value = value.replace(old, new)
    return value.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def _corners(text: Text, element: Element, action: Clip | Reorder) -> Iterator[Change]:
    """The changes to the corners of a box that is not turned."""
    spans = _attributes(text, element)
    if any(name not in spans for name in CORNERS):
        return
    turn = text.text[slice(*spans["rotation"])] if "rotation" in spans else "0"
    written = [text.text[slice(*spans[name])] for name in CORNERS]
    try:
        numbers = [*map(exact, map(str.strip, written))]
        if exact(turn.strip() or "0") % 360:
            return
    except ValueError:
        return
    ordered = [
        written[pick(at, (at + 2) % 4, key=lambda one: numbers[one])]
        for pick, at in ((min, 0), (min, 1), (max, 2), (max, 3))
    ]
    new = ordered
    if isinstance(action, Clip):
        x0, y0, x1, y1 = map(float, ordered)
        inside = geometry.clip_box((x0, y0, x1, y1), *action.size)
        if not geometry.box_area(inside):
            return
        changed = zip((x0, y0, x1, y1), inside, ordered, strict=True)
        new = [text_ if old == value else number(value) for old, value, text_ in changed]
    for name, old_text, new_text in zip(CORNERS, written, new, strict=True):
        if old_text != new_text:
            yield *spans[name], new_text
