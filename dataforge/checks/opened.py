"""The image files that checks look at, each opened on first use, and only once."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dataforge.errors import InputError, ParseError
from dataforge.io import ImageHeader, Root, open_image, too_large

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

GREY = 32
"""Side, in pixels, of the thumbnail that is kept of an image."""

SHARP = 64
"""Longer side, in pixels, at which sharpness is measured."""


class _Decoded(NamedTuple):
    """What is kept of an image's pixels.

    Attributes:
        grey: see `ImageFile.grey`.
        colour: see `ImageFile.colour`.
        levels: the image in grey levels, as small as its format made it; None if not 8 bits deep.
        fault: see `ImageFile.fault`.
    """

    grey: npt.NDArray[np.float64] | None = None
    colour: float | None = None
    levels: Image | None = None
    fault: str = ""


class ImageFile:
    """The file of an image.

    Attributes:
        name: path relative to the image root.
    """

    def __init__(self, root: Root, name: str) -> None:
        self._root = root
        self.name = name

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        return self._root.exists(self.name)

    @cached_property
    def header(self) -> ImageHeader | None:
        """Its size, orientation, format and number of bytes; None if it is not a readable image."""
        try:
            return self._root.image_header(self.name)
        except ParseError:
            return None

    @property
    def fault(self) -> str:
        """Why its pixels cannot be decoded; empty if they can, or if there is no header.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded.fault

    @property
    def grey(self) -> npt.NDArray[np.float64] | None:
        """Its pixels as stored, reduced to 32 rows of 32 grey levels from 0 to 255.

        None if `header` is None, or if there is a `fault`.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded.grey

    @property
    def colour(self) -> float | None:
        """How far its most colourful part, of 32 x 32, is from grey: 0 to 128 levels of chroma.

        None where `grey` is None, or for more than 8 bits per pixel.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded.colour

    @cached_property
    def sharpness(self) -> float | None:
        """Its contrast between neighbours, as a share of its contrast as a whole, at 64 pixels.

        It is the deviation of the Laplacian, divided by that of the grey levels; None where `grey`
        is None, or if there is no contrast.

        Raises:
            ParseError: it is too large to be decoded.
        """
        import numpy as np
        from PIL import Image

        levels = self._decoded.levels
        if levels is None:
            return None
        factor = SHARP / max(levels.size)
        if factor < 1:
            width, height = (max(3, round(side * factor)) for side in levels.size)
            levels = levels.resize((width, height), Image.Resampling.BOX)
        if min(levels.size) < 3:
            return None
        width, height = levels.size
        grey = np.frombuffer(levels.tobytes(), np.uint8).astype(np.float32).reshape(height, width)
        contrast = _deviation(grey)
        if contrast < _PLAIN:
            return None
        around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        return _deviation(around - 4 * grey[1:-1, 1:-1]) / contrast

    @cached_property
    def _decoded(self) -> _Decoded:
        import numpy as np
        from PIL import Image

        if self.header is None:
            return _Decoded()
        try:
            with self._root.open(self.name) as stream, open_image(stream) as image:
                if fault := too_large(image, reduced=True):
                    raise ParseError(self.name, "", fault)
                image.draft("YCbCr", (GREY, GREY))
                image.load()
                deep = image.mode.startswith(("I", "F"))
                levels = _grey_levels(image, deep=deep)
                small = levels.resize((GREY, GREY), Image.Resampling.BOX)
                colour = None if deep else _colour(image)
        except InputError:  # also of a store that has gone
            raise
        except Exception as error:  # noqa: BLE001 Pillow raises anything for a broken file
            return _Decoded(fault=str(error) or type(error).__name__)
        # From the bytes: takes half as long as np.asarray, which matters for small images.
        flat = np.frombuffer(small.tobytes(), np.float32 if deep else np.uint8)
        grey = flat.reshape(GREY, GREY).astype(np.float64)
        if deep:
            grey = np.nan_to_num(grey - np.nanmin(grey))
            grey *= 255 / max(float(grey.max()), 1.0)
        return _Decoded(grey, colour, None if deep else levels)


_PLAIN = 4.0
"""Grey levels: with less contrast, neighbours differ by noise and by rounding."""


def _deviation(values: npt.NDArray[np.float32]) -> float:
    """The standard deviation; of so few values, in a third of the time that numpy's takes."""
    flat = values.ravel()
    flat = flat - flat.mean()
    variance: float = flat @ flat / flat.size
    return math.sqrt(variance)


def _grey_levels(image: Image, *, deep: bool) -> Image:
    if image.mode == "YCbCr":
        return image.getchannel("Y")
    return image.convert("F" if deep else "L")


def _colour(image: Image) -> float:
    """The largest distance from grey of a part of the image, in levels of chroma."""
    from PIL import Image as PILImage

    if image.mode in ("1", "L", "LA"):
        return 0.0
    if image.mode != "YCbCr":
        image = image.convert("RGB")
    small = image.resize((GREY, GREY), PILImage.Resampling.BOX)
    if small.mode != "YCbCr":
        small = small.convert("YCbCr")
    extremes: tuple[tuple[int, int], ...] = small.getextrema()  # type: ignore[assignment]
    return float(max(abs(value - 128) for band in extremes[1:] for value in band))
