"""Colours of classes."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

_FIRST = (
    (230, 25, 75), (60, 180, 75), (0, 130, 200), (245, 130, 48), (145, 30, 180), (70, 240, 240),
    (240, 50, 230), (210, 245, 60), (0, 128, 128), (255, 225, 25), (170, 110, 40), (128, 128, 0),
)  # fmt: skip
"""That are told apart most easily."""

_GOLDEN = 0.618034
"""Of a turn: hues that are so far apart never come close to one another again."""


def class_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour for each class, by its place among the classes.

    >>> class_colours(["cat", "dog"])
    {'cat': (230, 25, 75), 'dog': (60, 180, 75)}
    """
    return {name: _colour(number) for number, name in enumerate(names)}


def _colour(number: int) -> Colour:
    if number < len(_FIRST):
        return _FIRST[number]
    hue, bright = number * _GOLDEN % 1, (1.0, 0.75, 0.9)[number % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, bright)
    return round(255 * red), round(255 * green), round(255 * blue)


def readable_on(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on a colour.

    >>> readable_on((255, 225, 25)), readable_on((145, 30, 180))
    ((0, 0, 0), (255, 255, 255))
    """
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)
