"""What a detector finds in an image, the same for every framework."""

from __future__ import annotations

from typing import Any, NamedTuple

from dataforge.records import Box


class Detections(NamedTuple):
    """What was found in one image.

    Attributes:
        labels: indices into the dataset's classes, without background.
        scores: 0 to 1.
        boxes: (x0, y0, x1, y1), pixels of the image, edges.
        masks: as RLE of COCO; None if the detector finds boxes alone.
    """

    labels: list[int]
    scores: list[float]
    boxes: list[Box]
    masks: list[dict[str, Any]] | None = None


def rle(mask: Any) -> dict[str, Any]:
    """A boolean array of shape (height, width) as RLE of COCO."""
    import numpy as np
    from pycocotools import mask as coco_masks

    made: dict[str, Any] = coco_masks.encode(np.asfortranarray(mask, dtype=np.uint8))
    return made
