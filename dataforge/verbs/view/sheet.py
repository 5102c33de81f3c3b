"""A contact sheet: tiles in a grid, below the name of the dataset and its classes' colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dataforge.drawing import Colour, draw_text, fitting, text_width
from dataforge.io import Root
from dataforge.verbs.view.choose import Shown
from dataforge.verbs.view.tiles import FONT, draw_tile

if TYPE_CHECKING:
    from PIL.Image import Image

_GAP = 12
_TITLE = 17
_INK = (32, 35, 40)
_QUIET = (105, 112, 122)
_MOST_CLASSES = 40
_DOT = 11
HIGHEST = 1.4
"""Greatest height of an image in its tile, for a width of 1."""
_LOWEST = 0.6


def draw_sheet(
    root: Root,
    images: Sequence[Shown],
    colours: Mapping[str, Colour],
    title: tuple[str, str],
    columns: int,
    width: int,
) -> Image:
    """The sheet.

    Args:
        root: the folder that names of images are relative to.
        images: what is on it.
        colours: class -> its colour.
        title: what it shows, and what is said of that.
        columns: tiles in a row.
        width: of a tile, pixels.
    """
    from PIL import Image, ImageDraw

    columns = min(columns, len(images))
    size = (width, round(width * _middle_shape(images)))
    tiles = (draw_tile(root, shown, colours, size, label=True) for shown in images)
    wide = columns * (width + _GAP) + _GAP
    present = {one.label for shown in images for one in shown.image.instances}
    legend = [*_placed([name for name in colours if name in present], wide)]
    head = 2 * _GAP + _TITLE + (legend[-1][2] + FONT if legend else 0)
    rows = -(-len(images) // columns)
    message = any(shown.message for shown in images)
    high = size[1] + 26 + 18 * message + _GAP
    sheet = Image.new("RGB", (wide, head + _GAP + rows * high), "white")
    draw = ImageDraw.Draw(sheet)
    name = fitting(title[0], wide // 2, _TITLE)
    draw_text(draw, (_GAP, _GAP + _TITLE / 2), name, _TITLE, _INK)
    after = _GAP + text_width(name, _TITLE) + _GAP
    draw_text(draw, (after, _GAP + _TITLE / 2 + 1),
              fitting(title[1], wide - after - _GAP, FONT), FONT, _QUIET)  # fmt: skip
    for text, x, y in legend:
        middle = 2 * _GAP + _TITLE + y
        if text in colours:
            draw.rectangle(
                (x, middle - _DOT // 2, x + _DOT, middle + _DOT // 2), fill=colours[text]
            )
            x += _DOT + 5
        draw_text(draw, (x, middle), fitting(text, wide // 3, FONT), FONT, _INK)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        sheet.paste(tile, (_GAP + column * (width + _GAP), head + _GAP + row * high))
    return sheet


def _middle_shape(images: Sequence[Shown]) -> float:
    """Height of the images for a width of 1, in the middle of all."""
    shapes = sorted(
        shown.image.height / shown.image.width
        for shown in images
        if shown.image.width > 0 and shown.image.height > 0
    )
    middle = shapes[len(shapes) // 2] if shapes else 0.75
    return min(max(middle, _LOWEST), HIGHEST)


def _placed(names: Sequence[str], wide: int) -> Iterator[tuple[str, int, int]]:
    """The entries of the legend, with x and the middle of the line, in as many lines as needed."""
    x, y = _GAP, FONT // 2 + 2
    more = f"and {len(names) - _MOST_CLASSES:,} more" if len(names) > _MOST_CLASSES else ""
    for text in [*names[:_MOST_CLASSES], *filter(None, [more])]:
        own = _DOT + 5 + text_width(fitting(text, wide // 3, FONT), FONT) + 2 * _GAP
        if x > _GAP and x + own > wide:
            x, y = _GAP, y + FONT + 7
        yield text, x, y
        x += own
