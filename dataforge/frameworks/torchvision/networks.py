"""What is in a detector of torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def heads_of(model: Any) -> Iterator[tuple[str, int]]:
    """(path, number of classes including background) of every head of a torchvision detector."""
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if last == "cls_score" and hasattr(module, "out_features"):
            yield f"model.{name}.out_features", module.out_features
        elif last == "mask_fcn_logits":
            yield f"model.{name}.out_channels", module.out_channels
        elif isinstance(getattr(module, "num_classes", None), int):
            yield f"model.{name}.num_classes", module.num_classes


def capped(model: Any) -> Any:
    """The model limited to hundreds of proposals: enough for small images, and faster on a CPU."""
    rpn, heads = getattr(model, "rpn", None), getattr(model, "roi_heads", None)
    for part in filter(None, (rpn, heads)):
        sampler = part.fg_bg_sampler
        sampler.batch_size_per_image = min(sampler.batch_size_per_image, 64)
    if rpn is not None:
        for numbers, most in ((rpn._pre_nms_top_n, 500), (rpn._post_nms_top_n, 200)):
            numbers.update({phase: min(number, most) for phase, number in numbers.items()})
    return model
