"""How XML files are read."""

from __future__ import annotations

from typing import Annotated

import msgspec

from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages
from dataforge.layouts import CoordsChoice, Difficult


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are read.

    Attributes:
        coords: overrides the layout's.
        difficult: overrides the layout's.
        missing_images: `keep` the annotations of a missing image, or `skip` them.
        verify_images: compare the size in the XML with the image header; None does so if a box
            lies beyond it and for a sample, and for all images if one of the sample differs.
    """

    coords: Annotated[
        CoordsChoice | None,
        msgspec.Meta(
            description="Coordinate convention: voc (from 1), zero (from 0), mmdet (1 more on all "
            "four sides), or auto (detected; voc when written)."
        ),
    ] = None
    difficult: Annotated[
        Difficult | None,
        msgspec.Meta(description="Difficult objects: keep, turn into crowds (ignore), or drop."),
    ] = None
    missing_images: MissingImages = "keep"
    verify_images: Annotated[bool | None, VERIFY_IMAGES] = None
