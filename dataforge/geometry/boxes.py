"""Bounding boxes and coordinate conventions; the only place with a ``+ 1`` or ``- 1``."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Literal, TypeAlias

from dataforge.records import Box, Ring

Coords: TypeAlias = Literal["voc", "mmdet", "zero"]
"""Coordinate convention of a VOC file."""

COORDS_OFFSETS: dict[Coords, Box] = {
    # The VOC devkit counts pixels from 1 and its max is the last pixel inside:
    # x0 = xmin - 1, x1 = (xmax - 1) + 1.  (VOC devkit, section "annotation format")
    "voc": (-1.0, -1.0, 0.0, 0.0),
    # mmdet's XMLDataset: -1 on all four coordinates (mmdet 2.28.2 datasets/xml_style.py:141).
    "mmdet": (-1.0, -1.0, -1.0, -1.0),
    # labelImg, labelme, CVAT, Roboflow, HumanParts: already edges.
    "zero": (0.0, 0.0, 0.0, 0.0),
}
"""Convention -> offsets added to (xmin, ymin, xmax, ymax) of an XML file to get edges, px."""

_DIGITS = 400  # before or behind the point; the largest and the smallest float have fewer

_EXACT = 2.0**52
"""Integral floats below this are exact, and so are their sums with 1."""


def to_edges(bounds: Box, coords: Coords) -> Box:
    """A VOC file's (xmin, ymin, xmax, ymax) as edges; exact for integers, see `shifted`."""
    a, b, c, d = COORDS_OFFSETS[coords]
    return bounds[0] + a, bounds[1] + b, bounds[2] + c, bounds[3] + d


def edges_of_text(bounds: Sequence[str], coords: Coords) -> Box:
    """A VOC file's (xmin, ymin, xmax, ymax) as edges, exact for fractions too.

    Fractions are added in decimal, because 1.1 - 1 is 0.10000000000000009 in binary floats.

    >>> edges_of_text(["1.1", "2", "3.5", "4"], "voc")
    (0.1, 1.0, 3.5, 4.0)
    """
    # Fast path for integers, which most files have: fifty times as fast.
    if coords == "zero" or all(text.isdecimal() and len(text) < 16 for text in bounds):
        x0, y0, x1, y1 = map(float, bounds)
        return to_edges((x0, y0, x1, y1), coords)
    x0, y0, x1, y1 = map(float, map(_shifted_text, bounds, COORDS_OFFSETS[coords]))
    return x0, y0, x1, y1


def shifted(box: Box, coords: Coords) -> Box:
    """The edges, under another convention, of a box that was read as written (`zero`).

    Equal to `edges_of_text` of the same numbers if they have at most 15 digits.

    >>> shifted(edges_of_text(["1.1", "2", "3.5", "4"], "zero"), "voc")
    (0.1, 1.0, 3.5, 4.0)
    """
    if coords == "zero" or _are_whole(box):
        return to_edges(box, coords)
    return edges_of_text([repr(float(value)) for value in box], coords)


def text_of_edges(box: Box, coords: Coords) -> tuple[str, ...]:
    """(xmin, ymin, xmax, ymax) for a VOC file, which `edges_of_text` converts back exactly.

    >>> text_of_edges((0.1, 1, 3.5, 4), "voc")
    ('1.1', '2', '3.5', '4')
    """
    offsets = COORDS_OFFSETS[coords]
    if _are_whole(box):
        return tuple(str(int(value - offset)) for value, offset in zip(box, offsets, strict=True))
    return tuple(
        _shifted_text(repr(float(value)), -offset)
        for value, offset in zip(box, offsets, strict=True)
    )


def _are_whole(box: Box) -> bool:
    x0, y0, x1, y1 = box
    # The rest of NaN and of infinity is NaN.
    whole = not (x0 % 1 or y0 % 1 or x1 % 1 or y1 % 1)
    return whole and min(box) > -_EXACT and max(box) < _EXACT


def _shifted_text(number: str, offset: float) -> str:
    """A number plus an integer, without rounding or exponent; inf and nan are unchanged."""
    from decimal import Context, Decimal, InvalidOperation

    try:
        exact = Decimal(number)
    except InvalidOperation:  # an exponent of 20 digits
        exact = Decimal(float(number))
    if exact.is_finite() and abs(exact.adjusted()) > _DIGITS:  # 0.000..., a million digits
        exact = Decimal(float(number))
    if not exact.is_finite():
        return number
    # Enough digits for the largest float before the point, or the smallest after it.
    total = Context(prec=800).add(exact, Decimal(offset))
    return str(int(total)) if total == total.to_integral_value() else f"{total:f}"


def including(box: Box) -> Box:
    """The edges of a box whose x1 and y1 are the last pixels in it, counted from 0.

    >>> including((10, 12, 29, 39))
    (10, 12, 30, 40)
    """
    return box[0], box[1], box[2] + 1, box[3] + 1


def ordered(box: Box) -> Box:
    """The same box with x0 <= x1 and y0 <= y1."""
    x0, y0, x1, y1 = box
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def box_area(box: Box) -> float:
    """Area in px²; for a reversed box, the area of the ordered one."""
    return abs(box[2] - box[0]) * abs(box[3] - box[1])


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two ordered boxes; 0 if they do not overlap."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / (box_area(a) + box_area(b) - common) if common else 0.0


def turned(box: Box, angle: float) -> Ring:
    """The corners of a box that is turned around its centre, degrees clockwise on the screen."""
    x0, y0, x1, y1 = box
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return tuple(
        round(value, 9)
        for x, y in corners
        for value in (
            cx + (x - cx) * cos - (y - cy) * sin,
            cy + (x - cx) * sin + (y - cy) * cos,
        )
    )


def any_overlap(boxes: Sequence[Box]) -> bool:
    """Whether any two of the ordered boxes have more than an edge in common."""
    sides: list[tuple[float, float]] = []  # top and bottom of those at the sweep line, in order
    ends: list[tuple[float, tuple[float, float]]] = []
    for x0, y0, x1, y1 in sorted(boxes, key=lambda box: (box[0], box[2])):
        while ends and ends[0][0] <= x0:
            del sides[bisect_left(sides, heappop(ends)[1])]
        at = bisect_left(sides, (y0, y1))
        # Those at the line do not overlap: the next ones above and below are the nearest.
        if any(top < y1 and y0 < bottom for top, bottom in sides[max(at - 1, 0) : at + 1]):
            return True
        sides.insert(at, (y0, y1))
        heappush(ends, (x1, (y0, y1)))
    return False


def box_corners(box: Box) -> Ring:
    """The box's four corners as a ring, clockwise in image coordinates from (x0, y0)."""
    x0, y0, x1, y1 = box
    return x0, y0, x1, y0, x1, y1, x0, y1


def clip_box(box: Box, width: float, height: float) -> Box:
    """Clip an ordered box to the image; the result has zero size if nothing is inside."""
    x0, y0, x1, y1 = box
    return (
        min(max(x0, 0.0), width),
        min(max(y0, 0.0), height),
        min(max(x1, 0.0), width),
        min(max(y1, 0.0), height),
    )
