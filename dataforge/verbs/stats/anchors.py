"""How well anchors fit the boxes of a dataset, and which would fit better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataforge.geometry import ANCHOR_RATIOS, ANCHOR_SCALE, ANCHOR_STRIDES, anchor_sizes
from dataforge.verbs.stats.report import AnchorFit, Anchors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MOST = 20_000
"""Boxes that anchors are compared with."""

_FEWEST = 30
"""Boxes from which others than the default anchors are suggested."""

_SCALES = [2 ** (step / 2) for step in range(2, 10)]
"""That are tried: 2 to 22.6; the default is 8."""

_ROUNDS = 50
_GAIN = 0.02
"""By how much recall or the mean IoU must improve for other anchors to be worth the trouble."""


def fit_anchors(boxes: npt.NDArray[np.float64]) -> Anchors | None:
    """Anchors for boxes; None if there are no boxes.

    Args:
        boxes: (N, 2) widths and heights at the input size, pixels, positive.
    """
    if not len(boxes):
        return None
    boxes = boxes[:: math.ceil(len(boxes) / _MOST)]
    default = _fit(boxes, ANCHOR_SCALE, ANCHOR_RATIOS)
    ratios = _typical_ratios(boxes)
    tried = [
        _fit(boxes, scale, candidate) for candidate in (ANCHOR_RATIOS, ratios) for scale in _SCALES
    ]
    best = max(tried, key=_merit)
    gain = max(
        best.recall_50 - default.recall_50, best.mean_best_iou - default.mean_best_iou
    )  # a little recall must not be paid for by much IoU: merit weighs both
    worth = len(boxes) >= _FEWEST and gain >= _GAIN and _merit(best) > _merit(default)
    return Anchors(boxes=len(boxes), default=default, suggested=best if worth else None)


def _merit(fit: AnchorFit) -> float:
    return fit.recall_50 + fit.mean_best_iou


def _fit(boxes: npt.NDArray[np.float64], scale: float, ratios: Sequence[float]) -> AnchorFit:
    best = best_ious(boxes, anchor_sizes(scale, ratios))
    return AnchorFit(
        scale=round(scale, 2),
        ratios=[round(ratio, 2) for ratio in ratios],
        sizes=[round(scale * stride, 1) for stride in ANCHOR_STRIDES],
        mean_best_iou=float(best.mean()),
        recall_50=float((best >= 0.5).mean()),
    )


def best_ious(
    boxes: npt.NDArray[np.float64], anchors: Sequence[tuple[float, float]]
) -> npt.NDArray[np.float64]:
    """The IoU of each box with the anchor that fits it best, at the same centre.

    >>> import numpy as np
    >>> best_ious(np.array([[32.0, 32.0], [32.0, 16.0]]), [(32, 32), (64, 64)]).tolist()
    [1.0, 0.5]
    """
    import numpy as np

    best = np.zeros(len(boxes))
    area = boxes[:, 0] * boxes[:, 1]
    for width, height in anchors:
        common = np.minimum(boxes[:, 0], width) * np.minimum(boxes[:, 1], height)
        np.maximum(best, common / (area + width * height - common), out=best)
    return best


def _typical_ratios(boxes: npt.NDArray[np.float64]) -> list[float]:
    """Three ratios of height to width: the means of their logarithms in three groups (k-means)."""
    import numpy as np

    values = np.log(boxes[:, 1] / boxes[:, 0])
    centres = np.quantile(values, (1 / 6, 1 / 2, 5 / 6))
    for _ in range(_ROUNDS):
        group = np.abs(values[:, None] - centres).argmin(axis=1)
        moved = np.array(
            [values[group == k].mean() if (group == k).any() else centres[k] for k in range(3)]
        )
        if np.allclose(moved, centres, atol=1e-9):
            break
        centres = moved
    return [round(float(ratio), 2) for ratio in np.clip(np.exp(np.sort(centres)), 0.05, 20)]
