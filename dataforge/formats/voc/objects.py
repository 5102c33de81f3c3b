"""The content of a VOC annotation file: its elements in plain Python."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
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
        others: the same for each further <bndbox> in it.
    """

    element: etree._Element
    line: int
    name: str
    texts: tuple[str, ...]
    bounds: Box | None
    difficult: str | None
    children: dict[str, etree._Element]
    keys: dict[str, str]
    others: tuple[VocObject, ...] = ()

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


class VocFile(NamedTuple):
    """The content of an <annotation>.

    Attributes:
        objects: all of them, including invalid ones.
        size: (width, height) in pixels that it states, if any.
        children: tag -> the first child with it, for VOC's own tags.
        keys: tag -> text, for all other tags.
        renamed: whether its tags were in a namespace or capitalised.
    """

    objects: Sequence[VocObject]
    size: tuple[int, int] | None
    children: dict[str, etree._Element]
    keys: dict[str, str]
    renamed: bool = False


def read_file(element: etree._Element) -> VocFile:
    """Parse an <annotation>; tags in a namespace, or in capitals, are renamed in the element."""
    found = _read_file(element)
    if (element.tag != "annotation" or _is_odd(found)) and rename_tags(element):
        found = _read_file(element)._replace(renamed=True)
    return found


def _read_file(element: etree._Element) -> VocFile:
    objects = [*map(read_object, element.iter("object"))]
    return VocFile(objects, stated_size(element), *children_of(element, IMAGE_TAGS))


def _is_odd(found: VocFile) -> bool:
    """Whether tags may be written in another way: files that are as usual are not searched."""
    if not found.objects or found.size is None:
        return True
    if found.keys and any(map(_is_renamed, found.keys)):
        return True
    return any(
        item.bounds is None or not item.name or (item.keys and any(map(_is_renamed, item.keys)))
        for item in found.objects
    )


_KNOWN = IMAGE_TAGS | _OBJECT_TAGS | {
    *BOUNDS, "annotation", "attribute", "database", "depth", "height", "value", "width",
}  # fmt: skip


def _is_renamed(tag: str) -> bool:
    return plain_tag(tag) != tag


def plain_tag(tag: str) -> str:
    """A tag without its namespace, and in lower case if it is then VOC's own.

    >>> plain_tag("{http://example.org}xmin"), plain_tag("Object"), plain_tag("imgId")
    ('xmin', 'object', 'imgId')
    """
    plain = tag.rpartition("}")[2]
    lower = plain.lower()
    return lower if lower in _KNOWN else plain


def rename_tags(element: etree._Element) -> bool:
    """Rename all tags to their `plain_tag`; whether that changed any."""
    changed = False
    for child in element.iter("*"):
        plain = plain_tag(child.tag)
        if plain != child.tag:
            child.tag = plain
            changed = True
    return changed


def read_object(element: etree._Element) -> VocObject:
    """Parse an <object> in one pass over its children."""
    children, keys = children_of(element, _OBJECT_TAGS)
    line: Any = element.sourceline
    name, difficult = children.get("name"), children.get("difficult")
    texts, bounds = _box(children.get("bndbox"))
    item = VocObject(
        element,
        line or 0,
        "" if name is None else (name.text or "").strip(),
        texts,
        bounds,
        None if difficult is None else difficult.text or "",
        children,
        keys,
    )
    if len(element) > len(children) + len(keys):  # a tag occurs twice, or has no text
        boxes = [*map(_box, element.findall("bndbox"))]
        others = (item._replace(texts=texts, bounds=bounds) for texts, bounds in boxes[1:])
        item = item._replace(others=tuple(others))
    return item


def each_box(objects: Iterable[VocObject]) -> Iterator[VocObject]:
    """The objects, one for each <bndbox>."""
    for item in objects:
        yield item
        if item.others:
            yield from item.others


def _box(element: etree._Element | None) -> tuple[tuple[str, ...], Box | None]:
    if element is None:
        return ("", "", "", ""), None
    # Of children with one tag the first counts.
    found = {child.tag: child.text or "" for child in element.iterchildren(reversed=True)}
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
            if tag not in first:
                first[tag] = child
        elif isinstance(tag, str) and (text := "".join(map(str, child.itertext())).strip()):
            others[tag] = text  # not a processing instruction, whose tag is a function
    return first, others


_DEVKIT = re.compile(r"pascal\s*voc", re.IGNORECASE)


def origin_of(children: Mapping[str, etree._Element]) -> str:
    """Who wrote a file, as far as that tells how its boxes are counted: devkit, labelimg, or empty.

    The devkit's files have ``<annotation>PASCAL VOC2007</annotation>`` in their source; labelImg
    writes the image's path, and a source that says ``<database>Unknown</database>`` alone.

    Args:
        children: tag -> child of the <annotation>.
    """
    source = children.get("source")
    if source is None:
        return ""
    if _DEVKIT.search(source.findtext("annotation") or ""):
        return "devkit"
    unknown = len(source) == 1 and (source.findtext("database") or "").strip() == "Unknown"
    return "labelimg" if unknown and "path" in children else ""


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
    if text == "0" or text is None:  # most are
        return False, ""
    value = text.strip().lower()
    if value in ("", "0", "false", "unspecified", "no", "0.0"):
        return False, ""
    if value in ("1", "true", "yes", "1.0"):
        return True, ""
    return False, f"difficult: expected 0 or 1, got {text!r}; read as 0"


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def attributes_of(item: VocObject) -> dict[str, Any]:
    """The attributes of an object other than its name, box and difficult flag."""
    found: dict[str, Any] = {}
    children = item.children
    for tag in ("truncated", "occluded"):
        if tag in children and _text(children[tag]) in ("1", "true"):
            found[tag] = True
    if "pose" in children:
        pose = _text(children["pose"])
        if pose.lower() not in ("", "unspecified"):
            found["pose"] = pose
    if "attributes" in children:
        for entry in item.element.iterfind("attributes/attribute"):  # from CVAT
            name, value = ((entry.findtext(tag) or "").strip() for tag in ("name", "value"))
            if name and value:
                found.setdefault(name, value)
    return found
