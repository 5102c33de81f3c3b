"""What is compared: the objects of images, and what a detector found in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO, Any, NamedTuple

import msgspec

from dataforge.records import Box


class Marked(NamedTuple):
    """An object as annotated.

    Attributes:
        label: index of its class.
        box: (x0, y0, x1, y1), pixels, edges.
        area: square pixels, for COCO's sizes.
        crowd: detections in it are neither right nor wrong.
        mask: COCO's segmentation; None if it has only a box.
    """

    label: int
    box: Box
    area: float
    crowd: bool = False
    mask: Any = None


class Detected(NamedTuple):
    """Something that a detector found.

    Attributes:
        label: index of its class.
        score: 0 to 1.
        box: (x0, y0, x1, y1), pixels, edges.
        mask: as RLE of COCO; None if it has only a box.
        area: square pixels, for COCO's sizes; None for that of the box.
    """

    label: int
    score: float
    box: Box
    mask: Any = None
    area: float | None = None


class Pictured(NamedTuple):
    """An image.

    Attributes:
        name: as listed.
        opened: opens its file; None if it is not known where it is.
        width, height: as annotated, pixels; 0 if unknown.
    """

    name: str
    opened: Callable[[], AbstractContextManager[IO[bytes]]] | None
    width: int
    height: int


class Material(msgspec.Struct, kw_only=True):
    """Images with what is in them, and what was found.

    Attributes:
        classes: names in the order of their labels.
        images: each once.
        marked: the objects of each image.
        found: the detections in each image.
        masks: compare masks, which then all objects and detections have, instead of boxes.
        notes: what was left out, in words.
        image_ids: of the images, in the COCO file that they are listed in; empty if there is none.
        category_ids: of the classes, likewise.
    """

    classes: list[str]
    images: list[Pictured]
    marked: list[list[Marked]]
    found: list[list[Detected]]
    masks: bool = False
    notes: list[str] = []
    image_ids: list[Any] = []
    category_ids: list[Any] = []
