"""Boxes of results that seem to be of another form than COCO's [x, y, width, height]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dataforge.formats.coco import ById
from dataforge.geometry import iou
from dataforge.records import Box

CORNERS = (
    "the boxes seem to be corners [x0, y0, x1, y1], which fit better than [x, y, width, height] "
    "of COCO's results"
)
FRACTIONS = (
    "the boxes seem to be fractions of the image's width and height, where COCO's results have "
    "pixels"
)

_NEARLY_ALL = 0.98
"""Part of the boxes that have to be as another form demands."""

_BEYOND = 0.1
"""Part of the side of an image by which a box of a detector may leave it."""

_COMPARED = 1_000
"""Boxes that are compared with objects, and objects of an image with them."""

_FOUND_IOU = 0.5


def said_of_boxes(
    given: Iterable[tuple[ById, Sequence[float | None] | None]],
    sizes: Mapping[ById, Sequence[float]],
    objects: Mapping[ById, Sequence[Box]] | None = None,
) -> str:
    """What is said of boxes of another form; empty if they seem to be as they should.

    Args:
        given: (id of the image, what is there as a box) of each result.
        sizes: id -> (width, height) of an image, pixels; 0 if not known.
        objects: id -> the boxes that are annotated in an image, edges; None if not known.
    """
    boxes = []
    for id_, numbers in given:
        box = [value for value in numbers or () if value is not None]
        if len(box) == 4:
            boxes.append((id_, (box[0], box[1], box[2], box[3])))
    if _are_fractions(boxes, sizes):
        return FRACTIONS
    return CORNERS if _are_corners(boxes, sizes, objects or {}) else ""


def _are_fractions(
    boxes: Sequence[tuple[ById, Box]], sizes: Mapping[ById, Sequence[float]]
) -> bool:
    """Whether nearly all boxes are in the first pixel of larger images."""
    least = 1 + _BEYOND
    first = sum(
        all(abs(value) <= least for value in box) and min(sizes.get(id_, (0, 0))) > 2 * least
        for id_, box in boxes
    )
    return first > 0 and first >= _NEARLY_ALL * len(boxes)


def _are_corners(
    boxes: Sequence[tuple[ById, Box]],
    sizes: Mapping[ById, Sequence[float]],
    objects: Mapping[ById, Sequence[Box]],
) -> bool:
    """Whether boxes seem to be (x0, y0, x1, y1).

    As corners nearly all fit their images, of which a detector's boxes may leave a little. As
    corner and size many reach far beyond; or they find less of what is there, which decides if
    enough is found.
    """
    number = inside = beyond = 0
    for id_, (x, y, right, bottom) in boxes:
        width, height = sizes.get(id_, (0, 0))
        if not (width and height):
            continue
        number += 1
        most_x, most_y = width * (1 + _BEYOND) + 1, height * (1 + _BEYOND) + 1
        inside += x < right <= most_x and y < bottom <= most_y
        beyond += x + right > most_x or y + bottom > most_y
    if not number or inside < _NEARLY_ALL * number:
        return False
    every = boxes[:: max(1, -(-len(boxes) // _COMPARED))]
    as_corners = _found(every, objects)
    sizes_as_edges = [(id_, (x, y, x + w, y + h)) for id_, (x, y, w, h) in every]
    as_sizes = _found(sizes_as_edges, objects)
    if as_sizes > as_corners:
        return False
    return beyond >= max(1, 0.1 * number) or as_corners >= 3 + 3 * as_sizes


def _found(boxes: Iterable[tuple[ById, Box]], objects: Mapping[ById, Sequence[Box]]) -> int:
    """Number of boxes that are at an object of their image."""
    return sum(
        any(iou(box, other) >= _FOUND_IOU for other in objects.get(id_, ())[:_COMPARED])
        for id_, box in boxes
    )
