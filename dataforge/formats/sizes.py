"""What the readers of annotations ask of the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from dataforge.errors import ParseError
from dataforge.formats.base import Step
from dataforge.io import MAX_IMAGE_PIXELS, Root
from dataforge.records import Finding

T = TypeVar("T")

SAMPLED = 50
"""Unless more is asked for, a reader looks at the first image of so many. Where the size that is
stated for any of these is another than the image's, all are compared: whole datasets are swapped
or scaled, and headers of tens of thousands of images are not free."""


def sampled(items: Sequence[T]) -> Sequence[T]:
    """The first, and each `SAMPLED`-th after it."""
    return items[::SAMPLED]


def size_differs(images: Root, image_name: str, stated: tuple[int, int] | None) -> bool:
    """Whether an image that can be opened has another (width, height) than is stated."""
    try:
        return stated is not None and images.image_size(image_name) != stated
    except (ParseError, OSError):
        return False


def stated_size(width: float | None, height: float | None) -> tuple[int, int] | None:
    """(width, height) in pixels where both are whole numbers that an image can have."""
    width, height = width or 0, height or 0
    if width < 1 or height < 1 or width != int(width) or height != int(height):
        return None
    return (int(width), int(height)) if width * height <= MAX_IMAGE_PIXELS else None


_TURNS = {
    "exif-frame": " (EXIF orientation applied)",
    "swapped-size": ": the two are swapped",
}
_REMEDIES = {"swapped-size": "swap them, if the shapes fit the image as it shows; else "}


def find_size(
    images: Root,
    image_name: str,
    stated: tuple[int, int] | None,
    *,
    verify: bool,
    source: str,
    where: str,
) -> Step[tuple[int, int] | None]:
    """The size that the annotations state, else the image's; None if neither is known.

    Args:
        images: folder that `image_name` is relative to.
        image_name: of the image.
        stated: (width, height) in pixels, as the annotations say.
        verify: compare that with the image's header.
        source, where: the place of the statement.
    """
    if stated and not verify:
        return stated
    try:
        header = images.image_header(image_name)
    except (ParseError, OSError) as error:
        if images.exists(image_name):
            yield Finding(
                code="unreadable-image",
                severity="error",
                file=image_name,
                message=error.message if isinstance(error, ParseError) else str(error),
                remedy="replace the image",
            )
        return stated
    actual = header.size
    if stated and stated != actual:
        unturned = stated == header.stored_size
        swapped = "swapped-size" if stated == actual[::-1] else "image-size-differs"
        code = "exif-frame" if unturned else swapped
        yield Finding(
            code=code,
            severity="error",
            file=source,
            where=where,
            message=f"marked on {stated[0]}x{stated[1]} pixels, but {image_name} shows as "
            f"{actual[0]}x{actual[1]}" + _TURNS.get(code, ""),
            remedy=_REMEDIES.get(code, "") + "the shapes do not fit the image: mark it again, or "
            "restore the image they were made on",
        )
    return stated or actual
