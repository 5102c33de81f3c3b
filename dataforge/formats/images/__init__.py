"""Images alone: every image below a folder, without annotations.

Like mmdet's ``tools/dataset_converters/images2coco.py``: a COCO file to predict on.
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.images.read import ImagesReader, unreadable_image

__all__ = ["FORMAT", "unreadable_image"]

FORMAT = Format(
    name="images",
    about="images without annotations",
    reader=ImagesReader(),
    names_classes=False,
    converts_to=("coco",),
)
