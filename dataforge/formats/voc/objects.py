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

_IMAGE_TAGS = frozenset(
    {"filename", "folder", "object", "owner", "path", "segmented", "size", "source"}
)
"""VOC's own tags of an <annotation>; others are custom keys."""

_OBJECT_TAGS = frozenset({
    "attributes", "bndbox", "difficult", "name", "occluded", "part", "polygon", "pose", "truncated",
})  # fmt: skip


class VocObject(NamedTuple):
    """One <object>.

    Attributes:
        line: of its start tag, counted from 1.
        written: its name as written; empty if there is none.
        name: the same, stripped.
        texts: of (xmin, ymin, xmax, ymax), stripped.
        bounds: the same as floats; None unless they are four finite numbers.
        difficult: as written; None if there is none.
        attributes: other than these.
        keys: tag -> text, for tags that VOC does not have.
        has_box: whether there is a <bndbox>.
        parts: number of parts and polygons in it that are not read.
        others: the same for each further <bndbox> in it.
    """

    line: int
    written: str
    name: str
    texts: tuple[str, ...]
    bounds: Box | None
    difficult: str | None
    attributes: dict[str, Any]
    keys: dict[str, str]
    has_box: bool = True
    parts: int = 0
    others: tuple[VocObject, ...] = ()

    @property
    def fault(self) -> str:
        """Why it cannot be an instance; empty if it can."""
        if not self.name:
            return "object without a name"
        if self.bounds is not None:
            return ""
        if not self.has_box:
            return "object without a bndbox"
        tag, text = next(
            (tag, text)
            for tag, text in zip(BOUNDS, self.texts, strict=True)
            if not _is_finite(text)
        )
        return f"bndbox/{tag}: expected a number, got {text!r}"


class VocFile(NamedTuple):
    """The content of an <annotation>.

    Attributes:
        objects: all of them, including invalid ones.
        filename: stripped; empty if there is none.
        size: (width, height) in pixels that it states, if any.
        origin: see `origin_of`.
        keys: tag -> text, for tags that VOC does not have.
        renamed: whether its tags were in a namespace or capitalised.
    """

    objects: Sequence[VocObject]
    filename: str
    size: tuple[int, int] | None
    origin: str
    keys: dict[str, str]
    renamed: bool = False


def read_file(element: etree._Element) -> VocFile:
    """The content of an <annotation>; tags in a namespace, or in capitals, are renamed in it."""
    found = _read_file(element)
    if (element.tag != "annotation" or _is_odd(found)) and rename_tags(element):
        found = _read_file(element)._replace(renamed=True)
    return found


def _read_file(element: etree._Element) -> VocFile:
    objects = [*map(read_object, element.iter("object"))]
    children, keys = _children_of(element, _IMAGE_TAGS)
    size = size_of(element.findtext("size/width"), element.findtext("size/height"))
    origin, source = "", children.get("source")
    if source is not None:
        origin = origin_of(
            source.findtext("annotation"),
            source.findtext("database"),
            number=len(source),
            has_path="path" in children,
        )
    filename = children.get("filename")
    return VocFile(objects, "" if filename is None else _text(filename), size, origin, keys)


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


_KNOWN = _IMAGE_TAGS | _OBJECT_TAGS | {
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
    children, keys = _children_of(element, _OBJECT_TAGS)
    line: Any = element.sourceline
    name = _text_in(children, "name") or ""
    texts, bounds = _box(children.get("bndbox"))
    attributes = attributes_of(
        *(_text_in(children, tag) for tag in ("truncated", "occluded", "pose"))
    )
    if "attributes" in children:
        _add_attributes_of_cvat(attributes, element)
    item = VocObject(
        line or 0,
        name,
        name.strip(),
        texts,
        bounds,
        _text_in(children, "difficult"),
        attributes,
        keys,
        "bndbox" in children,
    )
    if "part" in children or "polygon" in children:
        parts = len(element.findall("part")) + len(element.findall("polygon"))
        item = item._replace(parts=parts)
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


def _children_of(
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


def origin_of(annotation: str | None, database: str | None, *, number: int, has_path: bool) -> str:
    """Who wrote a file, as far as that tells how its boxes are counted: devkit, labelimg, or empty.

    The devkit's files have ``<annotation>PASCAL VOC2007</annotation>`` in their source; labelImg
    writes the image's path, and a source that says ``<database>Unknown</database>`` alone.

    Args:
        annotation, database: in the <source>; None if there is none.
        number: of elements in it.
        has_path: whether the <annotation> has a <path>.
    """
    if _DEVKIT.search(annotation or ""):
        return "devkit"
    unknown = number == 1 and (database or "").strip() == "Unknown"
    return "labelimg" if unknown and has_path else ""


def size_of(width: str | None, height: str | None) -> tuple[int, int] | None:
    """The texts of a ``<size>`` as (width, height) if they are integers that an image can have."""
    try:
        return usable_size(float(width or 0), float(height or 0))
    except (ValueError, OverflowError):  # not a number, NaN, or infinity
        return None


def is_any_beyond(objects: Iterable[VocObject], size: tuple[int, int] | None) -> bool:
    """Whether any box extends beyond the stated image size."""
    if size is None:
        return False
    width, height = size
    for item in objects:
        if item.bounds is not None:
            x0, y0, x1, y1 = item.bounds
            if x1 > width or y1 > height or x0 > width or y0 > height:
                return True
        if item.others and is_any_beyond(item.others, size):
            return True
    return False


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


def _text_in(children: Mapping[str, etree._Element], tag: str) -> str | None:
    """The text of a child as written; None if there is no such child."""
    return None if tag not in children else children[tag].text or ""


def attributes_of(truncated: str | None, occluded: str | None, pose: str | None) -> dict[str, Any]:
    """The attributes of an object, given the texts of three elements."""
    found: dict[str, Any] = {}
    if truncated and truncated.strip() in ("1", "true"):
        found["truncated"] = True
    if occluded and occluded.strip() in ("1", "true"):
        found["occluded"] = True
    if pose and pose != "Unspecified" and (pose := pose.strip()).lower() not in ("", "unspecified"):
        found["pose"] = pose
    return found


def _add_attributes_of_cvat(found: dict[str, Any], element: etree._Element) -> None:
    for entry in element.iterfind("attributes/attribute"):
        name, value = ((entry.findtext(tag) or "").strip() for tag in ("name", "value"))
        if name and value:
            found.setdefault(name, value)
