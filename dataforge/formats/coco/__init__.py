"""COCO's instances JSON (cocodataset.org/#format-data)."""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.coco.edit import CocoEditor
from dataforge.formats.coco.file import extra_of, is_outline_read, keys_of
from dataforge.formats.coco.ground_truth import (
    ById,
    GroundTruth,
    ImageNames,
    ListedImage,
    decoded,
)
from dataforge.formats.coco.names import image_names, recognise
from dataforge.formats.coco.options import Options
from dataforge.formats.coco.outlines import finite_number
from dataforge.formats.coco.places import found_images, images_below
from dataforge.formats.coco.read import CocoReader
from dataforge.formats.coco.several import unite
from dataforge.formats.coco.write import CocoWriter, JsonOfSplits, WriteOptions

__all__ = [
    "FORMAT",
    "ById",
    "GroundTruth",
    "ImageNames",
    "JsonOfSplits",
    "ListedImage",
    "Options",
    "WriteOptions",
    "decoded",
    "extra_of",
    "finite_number",
    "found_images",
    "image_names",
    "images_below",
    "is_outline_read",
    "keys_of",
    "unite",
]

FORMAT = Format(
    name="coco",
    about="COCO instances JSON",
    lossy=(
        "the ids of images, annotations and categories: new ones are assigned",
        "the encoding of a mask: it becomes compressed RLE",
        "keys that only another format knows",
    ),
    reader=CocoReader(),
    writer=CocoWriter(),
    editor=CocoEditor(),
    recognise=recognise,
)
