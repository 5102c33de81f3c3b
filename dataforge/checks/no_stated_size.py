"""Annotations that do not state how large their image is.

What: ``<size>`` in a VOC file, ``width`` and ``height`` of a COCO image, or ``imageWidth`` and
``imageHeight`` of a labelme file are missing, zero, or no whole numbers.

Why: dataforge takes the size from the image. Others do not: mmdetection stops at a COCO image
without a size, and leaves out a VOC image of 0x0 as too small, without a word. And nobody
can tell any more whether the image is the one that was marked.

Example::

    <size><width>0</width><height>0</height><depth>3</depth></size>

Fix: --fix writes the size of the image, which is what dataforge takes anyway; it is safe. Where the
image has an EXIF turn, it is left to a person, as it is not known which way the image was marked.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.files import Document
from dataforge.checks.text import Change, Edit, Element, Text, path_of
from dataforge.formats import stated_size, voc
from dataforge.records import Finding, Image

SEVERITY = "note"
FIX = "safe"
FORMATS = ("coco", "labelme", "voc")


class Check(_base.Check):
    """Looks at XML and labelme files; the COCO reader says it of COCO's."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if self.data.format == "coco":
            return
        if self.data.format == "voc":
            where, size = "size", voc.stated_size(document.xml)
        else:
            head = document.labelme
            where, size = "$.imageWidth", stated_size(head.image_width, head.image_height)
        if size is None:
            message = "states no usable size of the image: the image's own is taken"
            yield self.finding(document.name, message, "convert it, or save it again", where=where)


class Fix(_fix.Fix):
    """Writes the size of the image's file."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        if not self._lacks(text, image):
            return
        header = self.data.file(image).header
        if header is None or header.orientation != 1 or header.size != (image.width, image.height):
            return
        if self.data.format == "voc":
            yield text.edit(*_sized(text.xml, image))
            return
        coco = self.data.format == "coco"
        keys = ("width", "height") if coco else ("imageWidth", "imageHeight")
        sizes = (str(image.width), str(image.height))
        put = text.json.put(path_of(image.where), dict(zip(keys, sizes, strict=True)))
        yield text.edit(*put)

    def _lacks(self, text: Text, image: Image) -> bool:
        """Whether the size is not stated, or is no size; what is a text may be read as a number."""
        if self.data.format == "voc":
            return voc.stated_size(text.document.xml) is None
        if self.data.format == "labelme":
            head = text.document.labelme
            return stated_size(head.image_width, head.image_height) is None
        entry = _fix.entry(text, path_of(image.where))
        said = [entry.get(key) for key in ("width", "height")]
        if any(isinstance(value, (str, bool)) for value in said):
            return False
        width, height = (value if isinstance(value, (int, float)) else None for value in said)
        return stated_size(width, height) is None


def _sized(top: Element, image: Image) -> Iterator[Change]:
    """The changes that put a <size> into an XML file, or what it lacks into its <size>."""
    sizes = {"width": str(image.width), "height": str(image.height)}
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
