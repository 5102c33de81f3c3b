"""Pascal VOC's XML and its relatives, in whatever folders a `Layout` says."""

from __future__ import annotations

from dataforge.formats.voc.read import (
    LOSSY,
    Options,
    annotation_ids,
    decide_coords,
    listed_ids,
    read,
    recognise,
    stated_size,
    understood_difficult,
)
from dataforge.formats.voc.write import (
    BOUNDS,
    IMAGES,
    LISTS_IMAGES,
    WriteOptions,
    image_path,
    key,
    targets,
    write,
)

__all__ = [
    "BOUNDS",
    "IMAGES",
    "LISTS_IMAGES",
    "LOSSY",
    "Options",
    "WriteOptions",
    "annotation_ids",
    "decide_coords",
    "image_path",
    "key",
    "listed_ids",
    "read",
    "recognise",
    "stated_size",
    "targets",
    "understood_difficult",
    "write",
]
