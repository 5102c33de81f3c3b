"""Steps of pipelines of mmdetection 3."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from dataforge.frameworks.mm import type_name

# Pipeline steps kept for training and testing on a few images. The other steps of a config's
# pipeline are augmentations, which hinder overfitting.
PLAIN = (
    "LoadImageFromFile", "LoadAnnotations", "FilterAnnotations", "Resize", "RandomFlip", "Pad",
    "PackDetInputs",
)  # fmt: skip


def step_name(step: Mapping[str, Any]) -> str:
    """The name of a pipeline's step, without a scope such as ``mmdet.``."""
    return type_name(step).rpartition(".")[2]


def fixed(step: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The step at another size and without randomness."""
    if step_name(step) == "Resize":
        return {"type": "Resize", "scale": (size, size), "keep_ratio": True}
    if step_name(step) == "RandomFlip":
        return {"type": "RandomFlip", "prob": 0.0}
    return copy.deepcopy(dict(step))
