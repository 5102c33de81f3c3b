"""Detections of mmdetection 3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.frameworks.detections import Detections, rle


def results(model: Any, dataset: Any) -> Iterator[Any]:
    """Data samples with `pred_instances` in image pixels, in the order of the images."""
    import torch
    from mmengine.dataset import pseudo_collate
    from torch.utils.data import DataLoader

    model.eval()
    with torch.no_grad():
        for batch in DataLoader(dataset, batch_size=1, collate_fn=pseudo_collate):
            for sample in model.test_step(batch):
                yield sample.cpu()


def detections(sample: Any) -> Detections:
    """A data sample in framework-independent form."""
    found = sample.pred_instances
    masks = found.masks if "masks" in found else None
    return Detections(
        found.labels.tolist(),
        found.scores.tolist(),
        [(x0, y0, x1, y1) for x0, y0, x1, y1 in found.bboxes.tolist()],
        None if masks is None else [rle(mask) for mask in masks],
    )
