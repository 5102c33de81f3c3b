"""How labelme files are read."""

from __future__ import annotations

from typing import Annotated

import msgspec

from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labelme files are read.

    If `verify_images` is None, a sample is compared, and all images if one of them differs.
    """

    image_dir: Annotated[
        str | None,
        msgspec.Meta(description="Folder that image paths are relative to, if not the dataset's."),
    ] = None
    group: Annotated[
        bool,
        msgspec.Meta(description="Shapes with the same label and group_id are one instance."),
    ] = True
    lines: Annotated[
        str,
        msgspec.Meta(description="Lines: skip, error, or stroke=W to make them W pixels wide."),
    ] = "skip"
    points: Annotated[
        str,
        msgspec.Meta(
            description="Points: skip, error, or radius=R to make them discs of R pixels."
        ),
    ] = "skip"
    keypoints: Annotated[
        str | None,
        msgspec.Meta(
            description="Points with the group_id of an object are its keypoints: their labels in "
            "order (nose,tail), or of each class (cat=nose,tail;dog=nose), or auto to sort them."
        ),
    ] = None
    verify_images: Annotated[bool | None, VERIFY_IMAGES] = None
    missing_images: MissingImages = "keep"
    extract_images: Annotated[
        bool,
        msgspec.Meta(
            description="Extract missing images from imageData; requires --image-mode copy."
        ),
    ] = False
