"""Annotations that do not state how large their image is.

What: ``<size>`` in a VOC file, ``width`` and ``height`` of a COCO image, or ``imageWidth`` and
``imageHeight`` of a labelme file are missing, zero, or no whole numbers.

Why: dataforge takes the size from the image. Others do not: mmdetection stops at a COCO image
without a size, and leaves out a VOC image of 0x0 as too small, without a word. And nobody
can tell any more whether the image is the one that was marked.

Example::

    <size><width>0</width><height>0</height><depth>3</depth></size>

Fix: convert the dataset with its images there: the sizes are written. For labelme, open and save
the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.checks._files import Document
from dataforge.formats import voc
from dataforge.formats._images import stated_size
from dataforge.records import Finding, Image

SEVERITY = "note"
FORMATS = ("labelme", "voc")


class Check(_base.Check):
    """Looks at XML and labelme files; the COCO reader says it of COCO's."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if self.data.format == "voc":
            where, size = "size", voc.stated_size(document.xml)
        else:
            head = document.labelme
            where, size = "$.imageWidth", stated_size(head.image_width, head.image_height)
        if size is None:
            message = "states no usable size of the image: the image's own is taken"
            yield self.finding(document.name, message, "convert it, or save it again", where=where)
