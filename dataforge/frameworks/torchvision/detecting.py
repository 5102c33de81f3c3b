"""Detections of torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.frameworks.detections import Detections, rle


def detect(model: Any, loader: Any) -> Iterator[Detections]:
    """What a model finds in each image of the script's loader, as its `evaluate` runs it."""
    import torch

    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        for images, _ in loader:
            for found in model([image.to(device) for image in images]):
                yield _detections({name: value.cpu() for name, value in found.items()})


def _detections(found: dict[str, Any]) -> Detections:
    masks = found.get("masks")
    return Detections(
        [label - 1 for label in found["labels"].tolist()],
        found["scores"].tolist(),
        [(x0, y0, x1, y1) for x0, y0, x1, y1 in found["boxes"].tolist()],
        None if masks is None else [rle((mask[0] > 0.5).numpy()) for mask in masks],
    )
