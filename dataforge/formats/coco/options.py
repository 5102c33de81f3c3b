"""How COCO files are read."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How COCO files are read; a field without a description is not a command-line option.

    Attributes:
        image_dir: folder that file names are relative to; None finds it below the folder that is
            read.
        find_images: if False, file names stay unchanged, and images are not searched for.
        verify_images: compare the sizes in the JSON with the image headers.
        missing_images: `keep` the annotations of a missing image, or `skip` them.
        files: split -> its file; each must be a COCO file, and no other file is read. None reads
            all files, and their names give their splits.
        as_it_is: for callers that go on to use the files themselves: what this reader understands
            but others reject or lose is an error; whether the files agree with each other is not
            reported.
    """

    image_dir: Annotated[
        str | None,
        Meta(description="Folder that image paths are relative to, if not the dataset's."),
    ] = None
    find_images: bool = True
    verify_images: Annotated[bool, VERIFY_IMAGES] = False
    missing_images: MissingImages = "keep"
    rotated: Annotated[
        Literal["upright", "outline"],
        Meta(
            description="Boxes that CVAT turned: read as drawn before the turn, or as the outline "
            "of the turned box."
        ),
    ] = "upright"
    files: dict[str, str] | None = None
    as_it_is: bool = False
