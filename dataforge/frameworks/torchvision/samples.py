"""Images as the script for torchvision trains on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.frameworks.samples import Sample, as_bytes


def samples(dataset: Any, count: int) -> Iterator[Sample]:
    """The first images of a dataset of the script, before normalisation.

    Args:
        dataset: built for training; its transforms are changed.
        count: at most so many.
    """
    import torch
    from torchvision.transforms import v2

    steps = getattr(dataset.transforms, "transforms", [])
    kept = [step for step in steps if type(step).__name__ != "Normalize"]
    dataset.transforms = v2.Compose(kept) if kept else dataset.transforms
    for index, info in enumerate(dataset.images[:count]):
        image, target = dataset[index]
        pixels = torch.as_tensor(v2.functional.to_image(image))
        if pixels.is_floating_point():
            pixels = pixels * 255
        masks = target.get("masks")
        boxes = torch.as_tensor(target["boxes"]).reshape(-1, 4).tolist()
        yield Sample(
            info["filename"],
            as_bytes(pixels.round().permute(1, 2, 0).numpy()),
            [label - 1 for label in target["labels"].tolist()],
            [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes],
            None if masks is None else torch.as_tensor(masks).bool().numpy(),
        )
