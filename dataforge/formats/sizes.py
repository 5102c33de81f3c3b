"""What annotation readers need to know about images."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, TypeAlias

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Edit, Finding, Place, Set
from dataforge.formats.base import Part
from dataforge.io import MAX_IMAGE_PIXELS, ImageHeader, Root

MissingImages: TypeAlias = Annotated[
    Literal["keep", "skip"],
    msgspec.Meta(description="What to do with the annotations of missing images."),
]
"""The option `missing_images` of a reader."""

VERIFY_IMAGES = msgspec.Meta(
    description="Compare the stated sizes of all images, or of none, with the image files."
)
"""Describes the option `verify_images` of a reader."""

SAMPLED = 50
"""By default, a reader opens one image out of this many. If the stated size of any of these differs
from the image's, all are compared: usually the whole dataset is swapped or scaled, and reading the
headers of tens of thousands of images takes time."""


def size_differs(images: Root, image_name: str, stated: tuple[int, int] | None) -> bool:
    """Whether an image that can be opened has another (width, height) than stated."""
    try:
        return stated is not None and images.image_size(image_name) != stated
    except (ParseError, OSError):
        return False


def stated_size(width: float | None, height: float | None) -> tuple[int, int] | None:
    """(width, height) in pixels if both are integers that an image can have."""
    width, height = width or 0, height or 0
    # NaN compares as false, and 1e400 is read as infinity.
    if not (width >= 1 and height >= 1 and width * height <= MAX_IMAGE_PIXELS):
        return None
    return (int(width), int(height)) if width == int(width) and height == int(height) else None


_TURNS = {
    "exif-frame": " (EXIF orientation applied)",
    "swapped-size": ": width and height are swapped",
}
_REMEDIES = {"swapped-size": "swap them if the shapes fit the displayed image; otherwise "}


def find_size(
    images: Root, image_name: str, stated: tuple[int, int] | None, *, verify: bool, place: Place
) -> Part[tuple[int, int] | None]:
    """The size stated by the annotations, else that of the image; None if neither is known.

    Args:
        images: folder that `image_name` is relative to.
        image_name: of the image.
        stated: (width, height) in pixels according to the annotations.
        verify: compare it with the image header.
        place: of the stated size.
    """
    if stated and not verify:
        return stated
    seen = seen_size(images, image_name)
    if seen is not None and stated in (None, seen):
        return seen
    try:
        header = images.image_header(image_name)
    except (ParseError, OSError) as error:
        if images.exists(image_name):
            message = error.message if isinstance(error, ParseError) else str(error)
            yield code("unreadable-image").at(Place(image_name), message, "replace the image")
        return stated
    if stated and stated != header.size:
        yield _size_finding(stated, header, image_name, place)
    return stated or header.size


def seen_size(images: Root, image_name: str) -> tuple[int, int] | None:
    """The size of most images, at a fifth of the cost of their header; None for any other."""
    if images.remote:
        return None
    try:
        seen = images.glance(image_name)
    except (ParseError, OSError):
        return None
    known = seen.whole and seen.size is not None and 0 < prod(seen.size) <= MAX_IMAGE_PIXELS
    return seen.size if known else None


def _size_finding(
    stated: tuple[int, int], header: ImageHeader, image_name: str, place: Place
) -> Finding:
    actual = header.size
    unturned = stated == header.stored_size
    swapped = "swapped-size" if stated == actual[::-1] else "image-size-differs"
    name = "exif-frame" if unturned else swapped
    return code(name).at(
        place,
        f"annotated at {stated[0]}x{stated[1]} pixels, but {image_name} is displayed at "
        f"{actual[0]}x{actual[1]}" + _TURNS.get(name, ""),
        _REMEDIES.get(name, "") + "annotate the image again, or restore the image that the "
        "shapes were drawn on",
    )


def no_stated_size(
    images: Root, image_name: str, size: tuple[int, int], place: Place, step: str
) -> Finding:
    """The finding on a file without a valid size; the fix sets that of the image.

    There is no fix if EXIF rotates the image: then the frame is unknown.

    Args:
        images: folder that `image_name` is relative to.
        image_name: of the image.
        size: (width, height) used for the image, pixels.
        place: of the image in the annotations.
        step: from there to the stated size, see `Place.at`.
    """
    try:
        header = images.image_header(image_name)
    except (ParseError, OSError):
        known = False
    else:
        known = header.orientation == 1 and header.size == size
    edit = Edit(place, Set({"width": size[0], "height": size[1]}))
    return code("no-stated-size").at(
        place.at(step),
        "states no valid image size: that of the image file is used",
        "convert the file, or save it again",
        edits=[edit] if known else (),
    )


def is_sampled(number: int) -> bool:
    """Whether the image of an item is opened by default."""
    return number % SAMPLED == 0
