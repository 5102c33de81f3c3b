"""COCO's instances JSON (cocodataset.org/#format-data); `_coco_read` holds the reader."""

from __future__ import annotations

from dataforge.formats.coco.file import Document, extra_of, is_id, keys_of, unite
from dataforge.formats.coco.read import Options, read, read_as_it_is
from dataforge.formats.coco.write import (
    IMAGES,
    LOSSY,
    WriteOptions,
    image_names,
    image_path,
    key,
    recognise,
    targets,
    write,
)

__all__ = [
    "IMAGES",
    "LOSSY",
    "Document",
    "Options",
    "WriteOptions",
    "extra_of",
    "image_names",
    "image_path",
    "is_id",
    "key",
    "keys_of",
    "read",
    "read_as_it_is",
    "recognise",
    "targets",
    "unite",
    "write",
]
