"""One image with its objects, as a tile of a contact sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dataforge import geometry
from dataforge.drawing import Colour, draw_text, fitting, readable_on, text_width
from dataforge.errors import ParseError
from dataforge.io import MAX_COORDINATE, Root, open_image, too_large
from dataforge.records import Box, Instance, Mask, Polygons
from dataforge.records import Image as Record
from dataforge.verbs.view.choose import Shown

if TYPE_CHECKING:
    from PIL.Image import Image

FONT = 13
"""Height of letters, pixels."""

_LINE = 18
_MOST_LINES = 5
"""Of what is said in place of an image."""
_FINER = 2
"""Times as large as the tile is what shapes are drawn on, so that their edges are smooth."""
_MOST_LABELLED = 40
"""Objects up to which each has its name beside it."""
_FILLED = 70
"""Of 255: how much of an outline's inside is its colour."""
_BACKGROUND = (236, 238, 241)
_INK = (32, 35, 40)
_QUIET = (105, 112, 122)
_ERROR = (176, 32, 32)


def draw_tile(
    root: Root, shown: Shown, colours: Mapping[str, Colour], size: tuple[int, int], label: bool
) -> Image:
    """A tile: the image with its objects, and below it the name.

    Args:
        root: the folder that the image's name is relative to.
        shown: the image.
        colours: of its classes.
        size: width of the tile, and height of the image in it, pixels.
        label: write the names of classes beside objects.
    """
    from PIL import Image, ImageDraw

    width, height = size
    lines = 2 if shown.message else 1
    tile = Image.new("RGB", (width, height + _LINE * lines + 8), "white")
    tile.paste(_BACKGROUND, (0, 0, width, height))
    record = shown.image
    picture, why = _opened(root, record, (width * _FINER, height * _FINER))
    draw = ImageDraw.Draw(tile)
    if picture is None:
        _no_picture(draw, (width, height), why)
    else:
        scale = (picture.width / record.width, picture.height / record.height)
        dimmed = shown.marked and len(shown.marked) < len(record.instances)
        for number, instance in _small_last(record):
            strong = number in shown.marked
            colour = (150, 150, 150) if dimmed and not strong else colours[instance.label]
            picture = _with_object(picture, instance, scale, colour, strong=strong)
        picture = picture.reduce(_FINER)
        left, top = (width - picture.width) // 2, (height - picture.height) // 2
        tile.paste(picture, (left, top))
        if label and len(record.instances) <= _MOST_LABELLED:
            at = (left, top, left + picture.width, top + picture.height)
            _labels(draw, shown, (scale[0] / _FINER, scale[1] / _FINER), at, colours)
    count = f"{len(record.instances):,}"
    room = width - text_width(count, FONT) - 14
    middle = height + 4 + _LINE // 2
    draw_text(draw, (4, middle), fitting(record.file_name, room, FONT), FONT, _INK)
    draw_text(draw, (width - text_width(count, FONT) - 4, middle), count, FONT, _QUIET)
    if shown.message:
        text = fitting(shown.message, width - 8, FONT, ends=False)
        draw_text(draw, (4, middle + _LINE), text, FONT, _ERROR)
    return tile


def _opened(root: Root, record: Record, size: tuple[int, int]) -> tuple[Image | None, str]:
    """The image as it was annotated, scaled to fit a size; or why it cannot be shown."""
    from PIL import Image, ImageOps

    if record.width < 1 or record.height < 1:
        return None, "its size is not known"
    try:
        if not root.exists(record.file_name):
            return None, "there is no such file"
        header = root.image_header(record.file_name)
        with root.open(record.file_name) as stream, open_image(stream) as opened:
            if why := too_large(opened, reduced=True):
                return None, why
            opened.draft("RGB", (max(size), max(size)))
            picture: Image.Image = opened
            # In two of three cases it is clear in which frame the annotations were made.
            if (record.width, record.height) != header.stored_size or header.size == (
                header.stored_size
            ):
                picture = ImageOps.exif_transpose(opened)
            picture = _in_8_bits(picture)
    except ParseError as error:
        return None, error.message
    except Exception as error:  # noqa: BLE001 Pillow raises anything for a broken file
        return None, f"cannot be decoded: {error}"
    factor = min(size[0] / record.width, size[1] / record.height)
    fitted = (
        max(_FINER, round(record.width * factor / _FINER) * _FINER),
        max(_FINER, round(record.height * factor / _FINER) * _FINER),
    )
    return picture.resize(fitted, Image.Resampling.BILINEAR, reducing_gap=2.0), ""


def _in_8_bits(picture: Any) -> Image:
    """As RGB; of more than 8 bits, scaled from the darkest to the brightest."""
    import numpy as np
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        levels = np.nan_to_num(np.asarray(picture, np.float64))
        low, high = levels.min(), levels.max()
        picture = Image.fromarray(((levels - low) * (255 / max(high - low, 1))).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    converted: Image.Image = picture.convert("RGB")
    return converted


def _no_picture(draw: Any, size: tuple[int, int], why: str) -> None:
    """A crossed field that says why."""
    width, height = size
    draw.line((0, 0, width, height), fill=(210, 213, 218), width=1)
    draw.line((0, height, width, 0), fill=(210, 213, 218), width=1)
    lines = ["cannot be shown:", *wrap(why, max(8, width // (FONT // 2 + 1)))][:_MOST_LINES]
    for number, text in enumerate(lines):
        text = fitting(text, width - 12, FONT)
        wide = text_width(text, FONT)
        y = height / 2 + (number - (len(lines) - 1) / 2) * _LINE
        draw.rectangle(
            ((width - wide) / 2 - 4, y - 9, (width + wide) / 2 + 4, y + 9), fill=_BACKGROUND
        )
        draw_text(draw, ((width - wide) / 2, y), text, FONT, _ERROR)


# Objects ---------------------------------------------------------------------------------------


def _with_object(
    picture: Image, instance: Instance, scale: tuple[float, float], colour: Colour, *, strong: bool
) -> Image:
    """A picture with an object on it: its outline or mask filled, or its box."""
    from PIL import Image, ImageDraw

    thick = _FINER * (3 if strong else 2)
    rings, inside = _outline(instance, scale, picture.size)
    if inside is not None:
        picture.paste(
            colour, (0, 0), inside.point([level * _FILLED // 255 for level in range(256)])
        )
    draw = ImageDraw.Draw(picture)
    for ring in rings:
        draw.line([*ring, *ring[:2]], fill=colour, width=thick, joint="curve")
    if not rings:
        x0, y0, x1, y1 = _on_tile(instance.box, scale)
        low, high = (min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))
        draw.rectangle((*low, *high), outline=colour, width=thick)
        if instance.iscrowd:
            fill = Image.new("L", picture.size, 0)
            ImageDraw.Draw(fill).rectangle((*low, *high), fill=_FILLED)
            picture.paste(colour, (0, 0), fill)
    _points(draw, instance, scale, colour, thick)
    return picture


def _points(
    draw: Any, instance: Instance, scale: tuple[float, float], colour: Colour, thick: int
) -> None:
    """The labelled keypoints of an object as dots; those that are hidden as circles."""
    points = zip(*(instance.keypoints[at::3] for at in range(3)), strict=True)
    for x, y, visibility in points:
        if visibility > 0 and max(abs(x), abs(y)) < MAX_COORDINATE:
            x, y = x * scale[0], y * scale[1]
            spot = (x - 2 * thick, y - 2 * thick, x + 2 * thick, y + 2 * thick)
            draw.ellipse(
                spot, fill=None if visibility == 1 else colour, outline=colour, width=thick
            )


def _outline(
    instance: Instance, scale: tuple[float, float], size: tuple[int, int]
) -> tuple[list[list[float]], Image | None]:
    """The rings of an object on the picture, and its inside (255); none if it has only a box."""
    from PIL import Image, ImageDraw

    shape = instance.shape
    if shape is None:
        return [], None
    try:
        own = geometry.mask_rings(shape) if isinstance(shape, Mask) else shape.rings
    except geometry.TooLargeError:
        return [], None
    rings = [[value * scale[i % 2] for i, value in enumerate(ring)] for ring in own]
    rings = [ring for ring in rings if len(ring) >= 6]
    inside = Image.new("L", size, 0)
    draw = ImageDraw.Draw(inside)
    for ring, before in zip(rings, (one for one in own if len(one) >= 6), strict=True):
        hole = isinstance(shape, Mask) and _turns_left(before)
        draw.polygon(ring, fill=0 if hole else 255)
    return rings, inside


def _turns_left(ring: tuple[float, ...]) -> bool:
    """Whether a ring of a mask goes around a hole."""
    x, y = ring[0::2], ring[1::2]
    return sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x))) < 0


def _on_tile(box: Box, scale: tuple[float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0 * scale[0], y0 * scale[1], x1 * scale[0] - 1, y1 * scale[1] - 1


def _labels(
    draw: Any,
    shown: Shown,
    scale: tuple[float, float],
    at: tuple[int, int, int, int],
    colours: Mapping[str, Colour],
) -> None:
    """The names of classes beside the objects, where possible not over one another."""
    left, top, right, bottom = at
    placed: list[Box] = []
    for number, instance in reversed(_small_last(shown.image)):
        if shown.marked and number not in shown.marked:
            continue
        colour = colours[instance.label]
        text = fitting(instance.label, min(right - left - 6, 160), FONT - 2)
        wide, high = text_width(text, FONT - 2) + 6, FONT + 1
        spots = []
        for x, y in _spots(instance, scale, (wide, high)):
            x = min(max(left + x, left), right - wide)
            y = min(max(top + y, top), bottom - high)
            spots.append((x, y, x + wide, y + high))
        free = (spot for spot in spots if not any(_overlap(spot, one) for one in placed))
        x0, y0, x1, y1 = next(free, spots[0])
        placed.append((x0, y0, x1, y1))
        draw.rectangle((x0, y0, x1, y1), fill=colour)
        draw_text(draw, (x0 + 3, (y0 + y1) / 2), text, FONT - 2, readable_on(colour))


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _spots(
    instance: Instance, scale: tuple[float, float], size: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Where the left upper corner of a label may be, the best place first."""
    wide, high = size
    x0, y0, x1, y1 = _on_tile(instance.box, scale)
    if isinstance(instance.shape, Polygons) and instance.shape.rings:
        ring = instance.shape.rings[0]
        y, x = min(zip(ring[1::2], ring[0::2], strict=True), default=(y0, x0))
        yield min(max(x * scale[0] - wide / 2, x0), max(x1 - wide, x0)), y * scale[1] - high
        yield (x0 + x1 - wide) / 2, (y0 + y1 - high) / 2
    else:
        yield x0, y0 - high if y0 >= high else y0
    yield x1 - wide, y0 - high
    yield x0, y1
    yield x1 - wide, y1
    yield x0, y0
    yield (x0 + x1 - wide) / 2, (y0 + y1 - high) / 2


def _small_last(image: Record) -> list[tuple[int, Instance]]:
    """The objects and their numbers: small ones are drawn over large ones."""
    return sorted(enumerate(image.instances), key=lambda numbered: -numbered[1].area)
