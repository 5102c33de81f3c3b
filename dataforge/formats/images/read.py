"""Images alone: every image below a folder, with nothing marked in it.

What mmdet's ``tools/dataset_converters/images2coco.py`` is for: a COCO file to predict on.
"""

from __future__ import annotations

from functools import partial

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.base import Canonical, Each, Records
from dataforge.io import Root, is_image
from dataforge.records import Finding, Image

LOSSY: tuple[str, ...] = ()

UNLABELLED = True
"""There is nothing to name a class, so that a dataset without any is no fault."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are read: there is nothing to choose."""


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield an Image for every image file, and a Finding for each that cannot be opened.

    Args:
        root: the folder.
        options: see `Options`.
        canonical: not needed here.
        each: does it for each image.
    """
    yield from each(partial(_read_image, root), filter(is_image, root.files()))


def _read_image(root: Root, name: str) -> Image | Finding:
    try:
        width, height = root.image_size(name)
    except (ParseError, OSError) as error:
        return unreadable_image(name, error)
    return Image(file_name=name, width=width, height=height, source=name)


def unreadable_image(name: str, error: Exception, lost: int = 0) -> Finding:
    """What is said of an image whose header cannot be read."""
    return Finding(
        code="unreadable-image",
        severity="error",
        file=name,
        message=error.message if isinstance(error, ParseError) else str(error),
        remedy="restore the image, or take it away",
        lost=lost,
    )
