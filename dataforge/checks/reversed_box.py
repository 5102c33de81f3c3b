"""A box whose corners are in the wrong order.

What: ``xmin`` is greater than ``xmax`` or ``ymin`` than ``ymax``; in COCO, a width or a height is
less than 0. A rectangle in labelme may be drawn from any corner, and a YOLO row of this kind is a
bad-row.

Why: `convert` puts the corners in order and goes on. mmdetection does not: it takes the box for one
without area, and leaves it out of training without a word.

Example::

    <xmin>300</xmin><ymin>20</ymin><xmax>200</xmax><ymax>60</ymax>

Fix: swap the two numbers: --fix does, and it is safe, as every reader that puts up with such a box
reads it as what it becomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from dataforge import geometry
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Change, Edit, Element, Path, Text, path_of
from dataforge.records import Box, Image

SEVERITY = "warning"
FIX = "safe"
FORMATS = ("coco", "voc")


class Fix(_fix.Fix):
    """Swaps the numbers of VOC, and makes COCO's width and height positive."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        if self.data.format == "voc":
            elements = _fix.objects(text, image)
            for position, instance in enumerate(image.instances):
                if element := elements.get(position):
                    yield from _swapped(text, element, instance.box)
            return
        for instance in image.instances:
            path = path_of(instance.where)
            bbox = _fix.numbers(_fix.entry(text, path).get("bbox"), 4)
            if bbox and min(bbox[2:]) < 0:
                yield text.edit(*_positive(text, path))


def _swapped(text: Text, element: Element, box: Box) -> Iterator[Edit]:
    """The edit of an object that the reader has put in order."""
    corners = _fix.corners(element)
    if corners is None:
        return
    x0, y0, x1, y1 = bounds = _fix.bounds(corners)
    in_order = geometry.ordered(bounds)
    if box not in [geometry.to_edges(in_order, coords) for coords in geometry.COORDS_OFFSETS]:
        return
    pairs = [(0, 2)] * (x0 > x1) + [(1, 3)] * (y0 > y1)
    swaps = [(corners[a], corners[b]) for a, b in [*pairs, *((b, a) for a, b in pairs)]]
    if swaps:
        yield text.edit(*(one.replaced((other.value or "").strip()) for one, other in swaps))


def _positive(text: Text, path: Path) -> Iterator[Change]:
    """The changes of a bbox: x becomes x + w, and w becomes -w, without rounding."""
    for at in (0, 1):
        start, size = ((*path, "bbox", at), (*path, "bbox", at + 2))
        x, w = Decimal(text.json.raw(start)), Decimal(text.json.raw(size))
        if w < 0:
            yield text.json.replaced(start, f"{x + w:f}")
            yield text.json.replaced(size, f"{-w:f}")
