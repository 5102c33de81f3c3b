"""Text in any script on Pillow's images, of several fonts where one does not have all letters."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dataforge.drawing.fonts import escaped, font_of
from dataforge.errors import one_line

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_RIGHT_TO_LEFT = {"R", "AL"}


def text_width(text: str, height: int) -> int:
    """The width of a text on an image, pixels.

    Args:
        text: any text.
        height: of the font, pixels.
    """
    width: float = sum(font.getlength(part) for part, font in _parts(text, height))
    return round(width)


def draw_text(
    draw: ImageDraw, place: tuple[float, float], text: str, height: int, fill: Any
) -> None:
    """Draw a text, its left end at a place and half a line below it.

    Letters that no font of this machine has are escaped. Scripts that are written from right to
    left, and letters that depend on their neighbours, are as they should be where Pillow has raqm;
    else words of the former are reversed, and letters have the form that they have alone.

    Args:
        draw: of the image.
        place: (x, y) of the left end, in the middle of the line, pixels.
        text: any text.
        height: of the font, pixels.
        fill: colour.
    """
    x, y = place
    for part, font in _parts(text, height):
        draw.text((x, y), part, fill=fill, font=font, anchor="lm")
        x += font.getlength(part)


def text_mask(text: str, height: int) -> tuple[Image, int]:
    """A text as grey levels, and how many of their rows are below its line.

    Args:
        text: as for `draw_text`.
        height: of the font, pixels.
    """
    from PIL import Image, ImageDraw

    parts = _parts(text, height)
    metrics = [font.getmetrics() for _, font in parts] or [(height, 0)]
    above, below = (max(values) for values in zip(*metrics, strict=True))
    width = math.ceil(sum(font.getlength(part) for part, font in parts))
    image = Image.new("L", (max(width, 1), above + below))
    draw, x = ImageDraw.Draw(image), 0.0
    for part, font in parts:
        draw.text((x, above), part, fill=255, font=font, anchor="ls")
        x += font.getlength(part)
    return image, below


def fitting(text: str, width: int, height: int, *, ends: bool = True) -> str:
    """A text, or as much of it as fits.

    Args:
        text: any text.
        width: that there is, pixels.
        height: of the font, pixels.
        ends: keep both ends, as of names, and not only the beginning, as of sentences.
    """
    if text_width(text, height) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the most letters that fit
        middle = (low + high + 1) // 2
        if text_width(_shorter(text, middle, ends), height) <= width:
            low = middle
        else:
            high = middle - 1
    return _shorter(text, low, ends)


def _shorter(text: str, letters: int, ends: bool) -> str:
    last = letters // 2 if ends else 0
    return f"{text[: letters - last]}...{text[len(text) - last :]}"


@lru_cache(maxsize=4096)
def _parts(text: str, height: int) -> tuple[tuple[str, Any], ...]:
    """The parts of a text, and a font that has the letters of each."""
    from PIL import ImageFont

    text = one_line(text)
    own: Any = ImageFont.load_default(height)
    if text.isascii():
        return ((text, own),)
    if font := font_of("".join(sorted({*text})), height):
        return ((_ordered(text), font),)
    parts: list[tuple[str, Any]] = []
    for letter in text:
        has: Any = own if letter.isascii() else font_of(letter, height)
        if has is None:
            letter, has = escaped(letter), own
        if parts and parts[-1][1] is has:
            parts[-1] = parts[-1][0] + letter, has
        else:
            parts.append((letter, has))
    return tuple((_ordered(part), font) for part, font in parts)


def _ordered(text: str) -> str:
    """A text as Pillow is to draw it: without raqm, it draws letters from left to right."""
    from PIL import features

    if features.check("raqm"):
        return text
    some = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return text[::-1] if some else text
