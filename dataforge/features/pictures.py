"""A picture of maps: the image, and heat maps of each map's channels beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataforge.io import open_image

if TYPE_CHECKING:
    from PIL.Image import Image

TILE = 360
"""Width of an image in the picture, pixels; a very high image is narrower."""

_HIGHEST = 480
_LINE = 16
_GAP = 4
_COLOURS = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141),
    (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37),
)  # fmt: skip
"""From low to high, evenly spaced: viridis of matplotlib (CC0)."""


def draw_maps(image: Path, maps: Mapping[str, Any], share: tuple[float, float]) -> Image:
    """A picture with a row for each map: image, mean and energy over the channels.

    Args:
        image: path of the image.
        maps: name -> array (C, H, W).
        share: how much of a map's width and height the image covers; the rest is padding.
    """
    from PIL import Image, ImageDraw, ImageOps

    with open_image(image) as opened:
        shown = ImageOps.exif_transpose(opened).convert("RGB")
    factor = min(TILE / shown.width, _HIGHEST / shown.height)
    shown = shown.resize(
        (max(1, round(shown.width * factor)), max(1, round(shown.height * factor)))
    )
    width, height = shown.size
    row = _LINE + height + _GAP
    sheet = Image.new("RGB", (3 * max(width, TILE) + 2 * _GAP, row * len(maps)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, array) in enumerate(maps.items()):
        top = number * row
        tiles = {f"{name}  {'x'.join(map(str, array.shape))}": shown}
        for title, values in _summaries(array).items():
            low, high = float(values.min()), float(values.max())
            tiles[f"{title}  {low:.3g} to {high:.3g}"] = _heat(values, share, shown.size)
        for place, (title, tile) in enumerate(tiles.items()):
            left = place * (max(width, TILE) + _GAP)
            draw.text((left + 2, top + 2), _printable(title), fill="black")
            sheet.paste(tile, (left, top + _LINE))
    return sheet


def _summaries(array: Any) -> dict[str, Any]:
    """What is drawn of a map (C, H, W): title -> values (H, W)."""
    import numpy as np

    values = np.nan_to_num(array.astype(np.float64))
    return {
        "mean of channels": values.mean(axis=0),
        "energy of channels": np.sqrt((values**2).mean(axis=0)),
    }


def _heat(values: Any, share: tuple[float, float], size: tuple[int, int]) -> Image:
    """Values (H, W) as colours from low to high, at the size of the image.

    A cell that the image covers in part is drawn in part.
    """
    import numpy as np
    from PIL import Image

    low, high = values.min(), values.max()
    level = (values - low) / (high - low) if high > low else np.zeros_like(values)
    marks = np.linspace(0, 1, len(_COLOURS))
    bands = [np.interp(level, marks, band) for band in zip(*_COLOURS, strict=True)]
    picture = Image.fromarray(np.stack(bands, axis=-1).round().astype(np.uint8))
    covered = (0, 0, values.shape[1] * share[0], values.shape[0] * share[1])
    return picture.resize(size, Image.Resampling.NEAREST, box=covered)


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
