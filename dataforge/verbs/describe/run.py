"""One description: the model runs once, and the boxes of the training set are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dataforge.errors import UsageError
from dataforge.frameworks import LevelAnchors, LiveModel, Opened, Sizing, open_model
from dataforge.verbs.describe.boxes import training_boxes
from dataforge.verbs.describe.coverage import best_ious
from dataforge.verbs.describe.measuring import Ran, measure
from dataforge.verbs.describe.parts import Parts
from dataforge.verbs.describe.report import Coverage, Description, Level, LevelOfAnchors

if TYPE_CHECKING:
    from dataforge.verbs.describe.coverage import Floats

GOOD_IOU = 0.5
UNRESIZED = (800, 800)
"""(width, height) in pixels for a config that resizes nothing."""


def describe(config: Path, image_size: tuple[int, int] | None = None) -> Description:
    """Describe the model of a training config from running it; nothing is downloaded.

    Args:
        config: of mmdetection 2.x or 3.x, or the `train.py` that `register` generates.
        image_size: (width, height) in pixels of the image to run it on, padded as the config says;
            None for the size to which the config resizes.

    Raises:
        InputError: the config does not exist or load, or its model cannot be built.
        MissingDependencyError: the framework is not installed.
        UsageError: the image is too small for the model.
    """
    opened = open_model(config)
    live = opened.live
    size = live.sizing.padded(*(image_size or default_size(live.sizing)))
    report = Description(
        config=str(config),
        framework=opened.framework.name,
        image_size=list(size),
        scale=list(live.sizing.scale) if live.sizing.scale else None,
    )
    ran = _run(live, size, report)
    live.model.train()
    parts = Parts(live, ran, size)
    report.stages, report.neck = parts.stages(), parts.neck()
    report.levels, report.heads = parts.levels(), parts.heads()
    live.model.eval()
    values = list(live.model.parameters())
    report.parameters = sum(value.numel() for value in values)
    report.trainable = sum(value.numel() for value in values if value.requires_grad)
    report.multiply_adds = ran[""].multiply_adds
    _add_anchors(opened, size, report)
    return report


def default_size(sizing: Sizing) -> tuple[int, int]:
    """(width, height) of the largest image that a config gives to its model."""
    if sizing.scale is None:
        return UNRESIZED
    if sizing.keep_ratio:
        return max(sizing.scale), min(sizing.scale)
    return sizing.scale


def _run(live: LiveModel, size: tuple[int, int], report: Description) -> dict[str, Ran]:
    """Run all of the model, or backbone and neck alone if the heads cannot be run like that."""
    try:
        return measure(live, size, live.run_blank)
    except Exception as error:  # noqa: BLE001 - detectors are other people's
        report.notes.append(f"the heads did not run: {type(error).__name__}: {error}")
    try:
        return measure(live, size, live.extract_blank)
    except Exception as error:
        raise UsageError(
            f"the model does not run on an image of {size[0]}x{size[1]}: "
            f"{type(error).__name__}: {error}"
        ) from error


# Anchors ----------------------------------------------------------------------------------------


def _add_anchors(opened: Opened, size: tuple[int, int], report: Description) -> None:
    anchors = opened.live.anchors([level.stride or 0 for level in report.levels])
    if not anchors:
        report.notes.append("the detector has no anchors")
        return
    report.anchors = [
        _of_level(level, size, report.levels, place, len(anchors))
        for place, level in enumerate(anchors)
    ]
    try:
        images, boxes, frames = training_boxes(opened.config, opened.live.sizing)
    except Exception as error:  # noqa: BLE001 - dataset classes are other people's
        report.notes.append(f"the training set did not load: {type(error).__name__}: {error}")
        return
    if not len(boxes):
        report.notes.append("the training set has no boxes")
        return
    _compare(report, images, best_ious(boxes, frames, anchors), boxes)


def _of_level(
    anchors: LevelAnchors, size: tuple[int, int], levels: Sequence[Level], place: int, number: int
) -> LevelOfAnchors:
    sides = [(x1 - x0, y1 - y0) for x0, y0, x1, y1 in anchors.boxes]
    stride_x, stride_y = anchors.stride
    cells = math.ceil(size[0] / stride_x) * math.ceil(size[1] / stride_y)
    return LevelOfAnchors(
        level=levels[place].name if len(levels) == number else str(place),
        stride=stride_x,
        sizes=_distinct(math.sqrt(w * h) for w, h in sides),
        ratios=_distinct(h / w for w, h in sides),
        number=cells * len(sides),
    )


def _distinct(values: Iterable[float]) -> list[float]:
    """Values in order; of some that differ by rounding (torchvision's anchors) the middle one."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value <= groups[-1][0] * 1.1:
            groups[-1].append(value)
        else:
            groups.append([value])
    middle = [group[len(group) // 2] for group in groups]
    return [round(value, 0 if value > 100 else 1 if value > 10 else 2) for value in middle]


def _compare(report: Description, images: int, ious: Floats, boxes: Floats) -> None:
    """Fill in how well the anchors fit; `ious` as of `best_ious`."""
    import numpy as np

    best, at = ious.max(axis=1), ious.argmax(axis=1)
    for place, level in enumerate(report.anchors):
        here = best[at == place]
        level.boxes = len(here)
        if len(here):
            level.mean_iou = round(float(here.mean()), 4)
            level.recall = round(float((here >= GOOD_IOU).mean()), 4)
    sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    report.coverage = Coverage(
        images=images,
        boxes=len(boxes),
        mean_iou=round(float(best.mean()), 4),
        recall=round(float((best >= GOOD_IOU).mean()), 4),
        side=[round(float(value), 1) for value in np.percentile(sides, [5, 50, 95])],
    )
