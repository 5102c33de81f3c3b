"""How well anchors cover boxes: the best IoU of each box with any anchor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from dataforge.frameworks import LevelAnchors

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]


def best_ious(boxes: Floats, frames: Floats, levels: Sequence[LevelAnchors]) -> Floats:
    """The best IoU of each box on each level, (boxes, levels).

    Of all copies of an anchor the one whose centre is nearest to the box's, in both directions,
    overlaps it most: so no other is looked at.

    Args:
        boxes: (x0, y0, x1, y1) pixels, one in each row.
        frames: (width, height) of the model's input that each box is in, pixels.
        levels: their anchors.
    """
    import numpy as np

    best = np.zeros((len(boxes), len(levels)))
    low, high = boxes[:, :2], boxes[:, 2:]
    sides = high - low
    for level, (stride, anchors, fitted) in enumerate(levels):
        cells = np.maximum(np.ceil(frames / np.asarray(stride)), 1)
        step = frames // cells if fitted else np.asarray(stride)
        for x0, y0, x1, y1 in anchors:
            begin, end = np.array([x0, y0]), np.array([x1, y1])
            nearest = np.round((low + high - begin - end) / 2 / step)
            moved = np.clip(nearest, 0, cells - 1) * step
            shared = np.minimum(high, end + moved) - np.maximum(low, begin + moved)
            shared = np.prod(np.clip(shared, 0, None), axis=1)
            union = np.prod(sides, axis=1) + np.prod(end - begin) - shared
            ious = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
            np.maximum(best[:, level], ious, out=best[:, level])
    return best
