"""YOLO text files: one row for each object, normalised by the image's size."""

from __future__ import annotations

from dataforge.formats.yolo.data import find_yaml
from dataforge.formats.yolo.read import LOSSY, Options, is_outside_unit, read, recognise
from dataforge.formats.yolo.write import IMAGES, WriteOptions, image_path, key, targets, write

__all__ = [
    "IMAGES",
    "LOSSY",
    "Options",
    "WriteOptions",
    "find_yaml",
    "image_path",
    "is_outside_unit",
    "key",
    "read",
    "recognise",
    "targets",
    "write",
]
