"""Models of both generations of mmdetection as they run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataforge.frameworks.adapter import quiet
from dataforge.frameworks.live import LevelAnchors, LiveModel, Sizing, same_weights
from dataforge.frameworks.mm import forget_pretrained, type_name
from dataforge.mmconfig import dicts


class MmModel(LiveModel):
    """A detector of mmdetection.

    Args:
        config: the config's ``model``.
        build: builds a model from it.
        pipeline: of the images that are tested.
    """

    backbone = "backbone"

    def __init__(
        self, config: Any, build: Callable[[Any], Any], pipeline: Sequence[Mapping[str, Any]]
    ) -> None:
        config = copy.deepcopy(config)
        forget_pretrained(config)
        with same_weights(), quiet():
            self.model = build(config)
            self.model.init_weights()
        self.neck = "neck" if getattr(self.model, "neck", None) is not None else None
        self.pipeline = pipeline

    def extract_blank(self, width: int, height: int) -> None:
        """See `LiveModel.extract_blank`."""
        self.model.extract_feat(blank(width, height))

    def anchors(self, strides: Sequence[float]) -> Sequence[LevelAnchors]:
        """Those of the first head that has any, which knows their strides itself."""
        for module in self.model.modules():
            generator: Any = getattr(module, "prior_generator", None)
            if hasattr(generator, "base_anchors"):
                return [
                    LevelAnchors((float(stride[0]), float(stride[1])), boxes.tolist())
                    for stride, boxes in zip(generator.strides, generator.base_anchors, strict=True)
                ]
        return []


def blank(width: int, height: int) -> Any:
    """A batch of one image without content."""
    import torch

    return torch.zeros(1, 3, height, width)


def sizing_of(pipeline: Sequence[Mapping[str, Any]], generation: int, divisor: int = 1) -> Sizing:
    """What the Resize of a test pipeline does.

    Args:
        pipeline: its steps; those inside of others, as of MultiScaleFlipAug, count too.
        generation: 2 or 3: the names of arguments, and their defaults, differ.
        divisor: what images are padded to, unless a Pad in the pipeline says so.
    """
    name = "img_scale" if generation == 2 else "scale"
    scale: Any = None
    keep_ratio = generation == 2
    for _, step in dicts(list(pipeline), ""):
        kind = type_name(step).rpartition(".")[2]
        if scale is None and step.get(name) is not None:
            scale = step[name]
            if scale and not isinstance(scale[0], int):
                scale = scale[0]  # of several, for test-time augmentation
        if kind.endswith("Resize"):
            keep_ratio = bool(step.get("keep_ratio", keep_ratio))
        if kind == "Pad" and step.get("size_divisor"):
            divisor = int(step["size_divisor"])
    return Sizing(
        scale=None if scale is None else (int(scale[0]), int(scale[1])),
        keep_ratio=keep_ratio,
        divisor=max(1, divisor),
    )
