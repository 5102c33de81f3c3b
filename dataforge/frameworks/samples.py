"""Images as training gets them: after the pipeline of the config, before normalisation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dataforge.records import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_TRIES = 10
"""Times that an image is tried whose objects augmentation may cut away; the frameworks take
another image then."""

_PACKING = ("Collect", "DefaultFormatBundle", "ImageToTensor", "PackDetInputs", "ToTensor")
"""Steps of mmdetection that make tensors of what is there."""


class Sample(NamedTuple):
    """One image as training gets it.

    Attributes:
        name: in the dataset.
        pixels: array of shape (height, width, 3), uint8, RGB.
        labels: indices into the dataset's classes, without background.
        boxes: (x0, y0, x1, y1), pixels of the array, edges.
        masks: array of shape (number, height, width), bool; None if there are none.
    """

    name: str
    pixels: npt.NDArray[np.uint8]
    labels: list[int]
    boxes: list[Box]
    masks: npt.NDArray[np.bool_] | None = None


@contextmanager
def same_augmentation() -> Iterator[None]:
    """Random augmentation is the same in each run of the block, and leaves no trace."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            random.seed(0)
            np.random.seed(0)
            torch.manual_seed(0)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def mm_sample(
    name: str, steps: Iterable[Callable[[Any], Any]], start: Callable[[], dict[str, Any]]
) -> Sample | None:
    """One image of mmdetection 2 or 3; None if nothing is left of it.

    Args:
        name: in the dataset.
        steps: of its pipeline.
        start: what the pipeline begins with.
    """
    steps = [*steps]
    for _ in range(_TRIES):
        data = _through(steps, start())
        if data is not None:
            return _sample(name, data)
    return None


def _through(steps: Iterable[Callable[[Any], Any]], data: Any) -> Any:
    for step in steps:
        kind = type(step).__name__
        if kind in _PACKING:
            break
        if kind != "Normalize" and data is not None:
            data = step(data)
    return data


def _sample(name: str, data: Mapping[str, Any]) -> Sample:
    import numpy as np

    pixels = as_bytes(data["img"])
    boxes = data.get("gt_bboxes", np.zeros((0, 4)))
    boxes = np.asarray(getattr(boxes, "tensor", boxes), dtype=float).reshape(-1, 4)
    labels = data.get("gt_bboxes_labels", data.get("gt_labels", ()))
    masks = data.get("gt_masks")
    used = ~np.asarray(data.get("gt_ignore_flags", np.zeros(len(boxes))), dtype=bool)
    drawn = None if masks is None else np.asarray(masks.to_ndarray(), dtype=bool)[used]
    rows = (tuple(map(float, box)) for box in boxes[used])
    # mmdetection reads BGR.
    return Sample(
        name,
        np.ascontiguousarray(pixels[..., ::-1]),
        [int(label) for label in np.asarray(labels)[used]],
        [(x0, y0, x1, y1) for x0, y0, x1, y1 in rows],
        drawn,
    )


def as_bytes(pixels: Any) -> npt.NDArray[np.uint8]:
    """Pixels of any type, grey or in colour, as an array of shape (height, width, 3)."""
    import numpy as np

    levels = np.clip(np.asarray(pixels), 0, 255).astype(np.uint8)
    if levels.ndim == 2:
        levels = levels[..., None]
    return np.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels[..., :3]
