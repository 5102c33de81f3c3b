"""What the readers of annotations ask of the images."""

from __future__ import annotations

from dataforge.errors import ParseError
from dataforge.fileio import MAX_IMAGE_PIXELS, Root
from dataforge.formats._base import Step
from dataforge.records import Finding


def stated_size(width: float | None, height: float | None) -> tuple[int, int] | None:
    """(width, height) in pixels where both are whole numbers that an image can have."""
    width, height = width or 0, height or 0
    if width < 1 or height < 1 or width != int(width) or height != int(height):
        return None
    return (int(width), int(height)) if width * height <= MAX_IMAGE_PIXELS else None


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
        swapped = stated == actual[::-1] and not unturned
        other = "swapped-size" if swapped else "image-size-differs"
        yield Finding(
            code="exif-frame" if unturned else other,
            severity="error",
            file=source,
            where=where,
            message=f"marked on {stated[0]}x{stated[1]} pixels, but {image_name} shows as "
            f"{actual[0]}x{actual[1]}" + (" (EXIF orientation applied)" if unturned else ""),
            remedy="look at the shapes on the image: if they fit, swap the two numbers; else turn "
            "the image back"
            if swapped
            else "the shapes do not fit the image: mark it again, or restore the image "
            "they were made on",
        )
    return stated or actual
