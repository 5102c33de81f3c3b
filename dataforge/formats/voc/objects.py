"""The content of a VOC annotation file: its elements in plain Python."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import TYPE_CHECKING, Any, NamedTuple

from dataforge.formats.sizes import stated_size as usable_size
from dataforge.formats.voc.corners import BOUNDS
from dataforge.records import Box

if TYPE_CHECKING:
    from lxml import etree

IMAGE_TAGS = frozenset(
    {"filename", "folder", "object", "owner", "path", "segmented", "size", "source"}
)
"""VOC's own tags of an <annotation>; others are custom keys."""

_OBJECT_TAGS = frozenset({
    "attributes", "bndbox", "difficult", "name", "occluded", "part", "polygon", "pose", "truncated",
})  # fmt: skip


class VocObject(NamedTuple):
    """One <object>.

    Attributes:
        element: the element itself.
        line: of its start tag, counted from 1.
        name: stripped; empty if there is none.
        texts: of (xmin, ymin, xmax, ymax), stripped.
        bounds: the same as floats; None unless they are four finite numbers.
        difficult: as written; None if there is none.
        children: tag -> the first child with it, for VOC's own tags.
        keys: tag -> text, for all other tags.
    """

    element: etree._Element
    line: int
    name: str
    texts: tuple[str, ...]
    bounds: Box | None
    difficult: str | None
    children: dict[str, etree._Element]
    keys: dict[str, str]

    @property
    def fault(self) -> str:
        """Why it cannot be an instance; empty if it can."""
        if not self.name:
            return "object without a name"
        if self.bounds is not None:
            return ""
        if "bndbox" not in self.children:
            return "object without a bndbox"
        tag, text = next(
            (tag, text)
            for tag, text in zip(BOUNDS, self.texts, strict=True)
            if not _is_finite(text)
        )
        return f"bndbox/{tag}: expected a number, got {text!r}"

    @property
    def parts(self) -> int:
        """Number of parts and polygons in it that are not read."""
        if "part" not in self.children and "polygon" not in self.children:
            return 0
        return len(self.element.findall("part")) + len(self.element.findall("polygon"))


def read_object(element: etree._Element) -> VocObject:
    """Parse an <object> in one pass over its children."""
    children, keys = children_of(element, _OBJECT_TAGS)
    line: Any = element.sourceline
    name, difficult = children.get("name"), children.get("difficult")
    texts, bounds = _box(children.get("bndbox"))
    return VocObject(
        element,
        line or 0,
        "" if name is None else (name.text or "").strip(),
        texts,
        bounds,
        None if difficult is None else difficult.text or "",
        children,
        keys,
    )


def _box(element: etree._Element | None) -> tuple[tuple[str, ...], Box | None]:
    if element is None:
        return ("", "", "", ""), None
    found: dict[str, str] = {}
    for child in element:
        found.setdefault(child.tag, child.text or "")
    texts = tuple(found.get(tag, "").strip() for tag in BOUNDS)
    try:
        a, b, c, d = map(float, texts)
    except ValueError:
        return texts, None
    # A sum of finite numbers may be infinite, so this case is checked again.
    finite = math.isfinite(a + b + c + d) or all(map(_is_finite, texts))
    return texts, (a, b, c, d) if finite else None


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def children_of(
    element: etree._Element, known: Set[str]
) -> tuple[dict[str, etree._Element], dict[str, str]]:
    """(tag -> the first child with it, for `known` tags; tag -> text, for other tags)."""
    first: dict[str, etree._Element] = {}
    others: dict[str, str] = {}
    for child in element:
        tag = child.tag
        if tag in known:
            first.setdefault(tag, child)
        elif isinstance(tag, str) and (text := "".join(map(str, child.itertext())).strip()):
            others[tag] = text  # not a processing instruction, whose tag is a function
    return first, others


def stated_size(element: etree._Element) -> tuple[int, int] | None:
    """(width, height) of ``<size>`` if they are integers that an image can have."""
    try:
        width = float(element.findtext("size/width") or 0)
        height = float(element.findtext("size/height") or 0)
        return usable_size(width, height)
    except (ValueError, OverflowError):  # not a number, NaN, or infinity
        return None


def is_beyond(bounds: Box | None, size: tuple[int, int] | None) -> bool:
    """Whether a box extends beyond the stated image size."""
    if bounds is None or size is None:
        return False
    return max(bounds[0], bounds[2]) > size[0] or max(bounds[1], bounds[3]) > size[1]


def understood_difficult(text: str | None) -> tuple[bool, str]:
    """(the flag, a message if it is not understood)."""
    value = (text or "").strip().lower()
    if value in ("", "0", "false", "unspecified", "no", "0.0"):
        return False, ""
    if value in ("1", "true", "yes", "1.0"):
        return True, ""
    return False, f"difficult: expected 0 or 1, got {text!r}; read as 0"


def attributes_of(item: VocObject) -> dict[str, Any]:
    """The attributes of an object other than its name, box and difficult flag."""
    found: dict[str, Any] = {}
    children = item.children
    for tag in ("truncated", "occluded"):
        if tag in children and (children[tag].text or "").strip() in ("1", "true"):
            found[tag] = True
    if "pose" in children:
        pose = (children["pose"].text or "").strip()
        if pose.lower() not in ("", "unspecified"):
            found["pose"] = pose
    if "attributes" in children:
        for entry in item.element.iterfind("attributes/attribute"):  # from CVAT
            name, value = ((entry.findtext(tag) or "").strip() for tag in ("name", "value"))
            if name and value:
                found.setdefault(name, value)
    return found
