"""A training config as a dataset: the images that training gets, written as COCO."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from dataforge.errors import DataforgeError, InputError
from dataforge.frameworks import Sample, TrainingConfig, open_config, quiet, same_augmentation
from dataforge.geometry import box_area
from dataforge.io import stem, write_json


class Trained(NamedTuple):
    """What a config trains on.

    Attributes:
        folder: of the dataset, with a COCO file of the split train.
        how: sentences that say what is in it.
    """

    folder: str
    how: list[str]


@contextmanager
def as_trained(config: Path, most: int) -> Iterator[Trained]:
    """What a config trains on, as a dataset that is gone at the end of the block.

    Args:
        config: of mmdetection 2.x or 3.x, or a `train.py` that `register` generated.
        most: images of each training set, the first ones.

    Raises:
        InputError: it does not load, or its training set cannot be built.
        MissingDependencyError: its framework is not installed.
    """
    _, opened = open_config(config)
    with tempfile.TemporaryDirectory(prefix="dataforge-") as name:
        folder = Path(name)
        try:
            with quiet(), same_augmentation():
                how = _write(opened, folder, most)
        except DataforgeError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise InputError(f"{config}: its training set cannot be read: {reason}") from error
        yield Trained(name, [f"as {opened.title} trains on it: {one}" for one in how])


def _write(config: TrainingConfig, folder: Path, most: int) -> list[str]:
    """Write the training sets; says what was written of each."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    classes: dict[str, int] = {}
    how = []
    for part in config.parts("train"):
        built = part.build(training=True)
        ids = [classes.setdefault(name, len(classes) + 1) for name in built.classes]
        before = len(images)
        for sample in part.samples(most):
            name = _save(sample, folder)
            height, width = sample.pixels.shape[:2]
            number = len(images) + 1
            images.append({"id": number, "file_name": name, "width": width, "height": height})
            annotations += [
                {"id": at, "image_id": number, "category_id": ids[label], "iscrowd": 0, **shape}
                for at, label, shape in zip(
                    count(len(annotations) + 1), sample.labels, _shapes(sample), strict=False
                )
            ]
        total = len(built.images)
        how.append(
            f"{part.where}: {len(images) - before:,} of {total:,} images that are left after "
            "filtering, after the pipeline and before normalisation, random augmentation included"
        )
    categories = [{"id": id_, "name": name} for name, id_ in classes.items()]
    held = {"images": images, "annotations": annotations, "categories": categories}
    write_json(folder / "annotations" / "instances_train.json", held)
    return how


def _save(sample: Sample, folder: Path) -> str:
    """Save the pixels below a folder, under a name like the image's; returns the name."""
    from PIL import Image

    parts = [part for part in PurePosixPath(sample.name).parts if part not in ("/", "..")]
    base = stem("/".join(parts) or "image")
    names = (f"{base}{f'-{number}' if number else ''}.png" for number in count())
    name = next(name for name in names if not (folder / name).exists())
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sample.pixels).save(folder / name, compress_level=1)
    return name


def _shapes(sample: Sample) -> Iterator[dict[str, Any]]:
    """Box, area and mask of each object, as in COCO."""
    import numpy as np
    from pycocotools import mask as coco_masks

    for number, box in enumerate(sample.boxes):
        x0, y0, x1, y1 = box
        shape: dict[str, Any] = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": box_area(box)}
        if sample.masks is not None:
            mask = sample.masks[number]
            rle = coco_masks.encode(np.asfortranarray(mask, dtype=np.uint8))
            shape["segmentation"] = {**rle, "counts": rle["counts"].decode()}
            shape["area"] = int(mask.sum())
        yield shape
