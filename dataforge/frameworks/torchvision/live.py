"""Models of torchvision as they run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataforge.frameworks.adapter import quiet
from dataforge.frameworks.live import LevelAnchors, LiveModel, Sizing, same_weights
from dataforge.io import read_header


class TorchvisionModel(LiveModel):
    """See `LiveModel`.

    Args:
        config: the script, as `TorchvisionConfig`.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        with same_weights():
            self.model = config.model(random=False, size=tuple(config.args.size))
        backbone = self.model.backbone
        self.backbone = "backbone.body" if hasattr(backbone, "body") else "backbone"
        self.neck = "backbone.fpn" if hasattr(backbone, "fpn") else None
        transform = self.model.transform
        fixed = getattr(transform, "fixed_size", None)
        self.sizing = Sizing(
            scale=fixed or (transform.max_size, transform.min_size[-1]),
            keep_ratio=fixed is None,
            divisor=transform.size_divisible,
        )

    def run(self, image: Path) -> tuple[float, float]:
        """See `LiveModel.run`; the image takes the place of one of the script's own."""
        splits = self.config.splits
        split = next(name for name in ("test", "val", "train") if name in splits)
        with quiet():
            dataset = self.config.script.build_dataset(split, self.config.args)
        with open(image, "rb") as stream:
            width, height = read_header(stream, str(image)).size
        name = str(image.absolute())
        dataset.images = [
            {"id": 0, "filename": name, "width": width, "height": height, "objects": []}
        ]
        pixels, _ = dataset[0]
        self.model([pixels])
        resized, _ = self.model.transform([pixels])
        (height, width), (whole_height, whole_width) = (
            resized.image_sizes[0],
            resized.tensors.shape[-2:],
        )
        return width / whole_width, height / whole_height

    def run_blank(self, width: int, height: int) -> None:
        """See `LiveModel.run_blank`."""
        transform = self.model.transform
        before = transform.min_size, transform.max_size
        transform.min_size, transform.max_size = (min(width, height),), max(width, height)
        try:
            self.model([_blank(width, height)[0]])
        finally:
            transform.min_size, transform.max_size = before

    def extract_blank(self, width: int, height: int) -> None:
        """See `LiveModel.extract_blank`."""
        self.model.backbone(_blank(width, height))

    def anchors(self, strides: Sequence[float]) -> Sequence[LevelAnchors]:
        """See `LiveModel.anchors`; torchvision's AnchorGenerator fits steps to each image."""
        for module in self.model.modules():
            cells = getattr(module, "cell_anchors", None)
            if cells and len(cells) == len(strides) and all(strides):
                return [
                    LevelAnchors((stride, stride), boxes.tolist(), fitted=True)
                    for stride, boxes in zip(strides, cells, strict=True)
                ]
        return []


def _blank(width: int, height: int) -> Any:
    import torch

    return torch.zeros(1, 3, height, width)
