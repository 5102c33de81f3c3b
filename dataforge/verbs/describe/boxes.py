"""The boxes of a training set as the model gets to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforge.frameworks import Sizing, TrainingConfig
from dataforge.io import Root

if TYPE_CHECKING:
    from dataforge.verbs.describe.coverage import Floats


def training_boxes(config: TrainingConfig, sizing: Sizing) -> tuple[int, Floats, Floats]:
    """(number of images, boxes, frames) of the training set.

    The boxes are (x0, y0, x1, y1) in pixels of the resized image, one in each row; the frames are
    (width, height) of the padded image that each is in.

    Raises:
        Exception: whatever the framework raises for a dataset that it cannot build or load.
    """
    import numpy as np

    images = 0
    boxes: list[list[float]] = []
    frames: list[tuple[int, int]] = []
    for part in config.parts("train"):
        dataset = part.build(training=True)
        images += len(dataset.images)
        for index, image in enumerate(dataset.images):
            found = dataset.truth(index).boxes
            if not found:
                continue
            width, height = image.width, image.height
            if not width or not height:
                folder = Root(image.path.parent, follow_links=True)
                width, height = folder.image_size(image.path.name)
            new_width, new_height = sizing.resized(width, height)
            x, y = new_width / width, new_height / height
            boxes += [[x0 * x, y0 * y, x1 * x, y1 * y] for x0, y0, x1, y1 in found]
            frames += [sizing.padded(new_width, new_height)] * len(found)
    return images, np.array(boxes).reshape(-1, 4), np.array(frames, dtype=float).reshape(-1, 2)
