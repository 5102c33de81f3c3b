"""labelme JSON, version 3.0 to 7.x, and X-AnyLabeling's dialect; `_labelme_write` writes it."""

from __future__ import annotations

from dataforge.formats.labelme.read import LOSSY, Options, embedded_image, read, recognise
from dataforge.formats.labelme.write import IMAGES, WriteOptions, image_path, key, targets, write

__all__ = [
    "IMAGES",
    "LOSSY",
    "Options",
    "WriteOptions",
    "embedded_image",
    "image_path",
    "key",
    "read",
    "recognise",
    "targets",
    "write",
]
