"""The size at which detectors train by default, and the anchors that they start from.

`Resize(scale=(1333, 800), keep_ratio=True)` and `AnchorGenerator(scales=[8], ratios=[0.5, 1.0,
2.0], strides=[4, 8, 16, 32, 64])` of mmdetection's Faster R-CNN with FPN, in both generations;
torchvision's `min_size=800`, `max_size=1333` and `AnchorGenerator(((32,), (64,), (128,), (256,),
(512,)), ((0.5, 1.0, 2.0),) * 5)` mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

TRAINING_SIZE = (1333, 800)
"""(long side, short side) that an image is scaled to fit in, pixels."""

ANCHOR_STRIDES = (4, 8, 16, 32, 64)
ANCHOR_SCALE = 8.0
ANCHOR_RATIOS = (0.5, 1.0, 2.0)
"""Height divided by width."""


def training_scale(width: float, height: float) -> float:
    """The factor by which an image of this size, pixels, is scaled for training.

    >>> training_scale(640, 480), training_scale(1333, 400)
    (1.6666666666666667, 1.0)
    """
    long, short = max(width, height), min(width, height)
    return min(TRAINING_SIZE[0] / long, TRAINING_SIZE[1] / short)


def anchor_sizes(
    scale: float = ANCHOR_SCALE, ratios: Iterable[float] = ANCHOR_RATIOS
) -> list[tuple[float, float]]:
    """(width, height) of each anchor, pixels: the smallest first.

    >>> [(round(width), round(height)) for width, height in anchor_sizes()[:3]]
    [(45, 23), (32, 32), (23, 45)]
    """
    roots = [math.sqrt(ratio) for ratio in ratios]
    return [
        (stride * scale / root, stride * scale * root)
        for stride in ANCHOR_STRIDES
        for root in roots
    ]
