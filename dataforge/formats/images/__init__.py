"""Images alone: every image below a folder, with nothing marked in it."""

from __future__ import annotations

from dataforge.formats.images.read import LOSSY, UNLABELLED, Options, read, unreadable_image

__all__ = ["LOSSY", "UNLABELLED", "Options", "read", "unreadable_image"]
