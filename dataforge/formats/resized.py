"""Objects that are shares of the size of their image, which was resized after they were drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.sizes import seen_size
from dataforge.io import Root
from dataforge.records import Instance, Mask, Polygons

_STRETCHED = 1.02
"""How much proportions may change when an image is resized: sides are whole numbers."""


def resized_size(
    images: Root, image_name: str, stated: tuple[int, int], *, place: Place
) -> Part[tuple[int, int]]:
    """The size of the image itself, pixels; as stated if it is turned, or cannot be opened.

    Args:
        images: folder that `image_name` is relative to.
        image_name: of the image.
        stated: (width, height) in pixels according to the annotations.
        place: of the stated size.
    """
    seen = seen_size(images, image_name)
    if seen is None:
        try:
            seen = images.image_size(image_name)
        except (ParseError, OSError):
            return stated
    if seen in (stated, stated[::-1]):
        return stated
    ratio = seen[0] * stated[1] / (seen[1] * stated[0])
    message = (
        f"annotated at {stated[0]}x{stated[1]} pixels, but {image_name} is {seen[0]}x{seen[1]}: "
        "objects are shares of the size, and are read in that of the image"
    )
    if 1 / _STRETCHED <= ratio <= _STRETCHED:
        yield code("image-size-differs").at(
            place, message, "none, if the image was resized", severity="warning"
        )
    else:
        yield code("image-size-differs").at(
            place,
            f"{message}, although its proportions are others",
            "if it was cropped, restore the image that was annotated",
        )
    return seen


def resized(
    instances: Iterable[Instance], drawn: tuple[int, int], size: tuple[int, int]
) -> Part[list[Instance]]:
    """Objects in an image of another size; masks cannot be resized.

    Args:
        instances: the objects.
        drawn: (width, height) of the image in which they are, pixels.
        size: of that in which they will be.
    """
    factors = size[0] / drawn[0], size[1] / drawn[1]
    made = []
    for one in instances:
        if isinstance(one.shape, Mask):
            yield code("bad-entry").at(
                one.place,
                f"is a mask of {drawn[0]}x{drawn[1]} pixels in an image that was resized",
                "draw it again, or restore the image",
                lost=one.parts,
            )
            continue
        shape = one.shape and Polygons(tuple(_scaled(ring, factors) for ring in one.shape.rings))
        x0, y0, x1, y1 = _scaled(one.box, factors)
        area = one.area * factors[0] * factors[1]
        made.append(msgspec.structs.replace(one, box=(x0, y0, x1, y1), area=area, shape=shape))
    return made


def _scaled(numbers: Sequence[float], factors: tuple[float, float]) -> tuple[float, ...]:
    return tuple(round(value * factors[at % 2], 9) for at, value in enumerate(numbers))
