"""Detections of mmdetection 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.frameworks.detections import Detections


def results(model: Any, dataset: Any) -> Iterator[Any]:
    """mmdet's results of each image of a dataset, like mmdet.apis.single_gpu_test."""
    import torch
    from mmdet.core import encode_mask_results
    from mmdet.datasets import build_dataloader

    model.eval()
    with torch.no_grad():
        for batch in build_dataloader(dataset, 1, 0, dist=False, shuffle=False):
            for item in model(return_loss=False, rescale=True, **batch):
                masked = isinstance(item, tuple)
                yield (item[0], encode_mask_results(item[1])) if masked else item


def detections(result: Any) -> Detections:
    """mmdet's result of an image, by class, in framework-independent form."""
    boxes, masks = result if isinstance(result, tuple) else (result, None)
    if isinstance(masks, tuple):  # with the scores of masks
        masks = masks[0]
    made = Detections([], [], [], None if masks is None else [])
    for label, of_class in enumerate(boxes):
        for number, (x0, y0, x1, y1, score) in enumerate(of_class.tolist()):
            made.labels.append(label)
            made.scores.append(score)
            made.boxes.append((x0, y0, x1, y1))
            if made.masks is not None:
                made.masks.append(masks[label][number])
    return made
