"""Thumbnails and scaled copies of images, made by decoding each image once."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import msgspec

from dataforge.errors import ParseError
from dataforge.io import open_image, read_header, too_large

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL = 256
"""Longest side of a thumbnail, pixels."""

COPY = 2048
"""Longest side of a copy, pixels."""

_SHOWN = ("JPEG", "MPO", "PNG", "WEBP", "BMP")
"""Formats that every browser shows."""
_REDUCTION = 8  # the most that a JPEG can be reduced by while it is decoded
_QUALITY = 82
_GREY = (128, 128, 128)  # behind transparent pixels


class Picture(msgspec.Struct, frozen=True):
    """An image made ready for the page.

    Attributes:
        size: (width, height) of the image in pixels as displayed; None if it cannot be opened.
        thumbnail: a JPEG; empty if it cannot be decoded.
        copy: a larger JPEG, if one is wanted.
        fault: why it cannot be decoded; else empty.
    """

    size: tuple[int, int] | None = None
    thumbnail: bytes = b""
    copy: bytes = b""
    fault: str = ""


def picture(stream: IO[bytes], *, copy: bool, copy_side: int = COPY) -> Picture:
    """Decode an image once, and scale it.

    Args:
        stream: the file.
        copy: also make a copy for a closer look; one is made in any case of what browsers do not
            show, such as TIFF and deep pixels.
        copy_side: longest side of the copy, pixels.
    """
    size = None
    try:
        header = read_header(stream, "")
        size = header.size
        stream.seek(0)
        with open_image(stream) as image:
            copy = copy or header.format not in _SHOWN or header.mode[0] in "IF"
            side = copy_side if copy else THUMBNAIL
            wanted = _fitting(image.size, side)
            reduced = min(image.width // wanted[0], image.height // wanted[1]) >= _REDUCTION
            if fault := too_large(image, reduced=reduced):
                return Picture(size, fault=fault)
            image.draft("RGB", wanted)
            image.load()
            # Pillow turns TIFF itself.
            orientation = 1 if header.format == "TIFF" else header.orientation
            shown = _turned(_scaled(_in_colour(image), side), orientation)
            return Picture(size, _jpeg(_scaled(shown, THUMBNAIL)), _jpeg(shown) if copy else b"")
    except ParseError as error:
        return Picture(size, fault=error.message)
    except Exception as error:  # noqa: BLE001 Pillow raises anything for a broken file
        return Picture(size, fault=str(error) or type(error).__name__)


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size at which the longest side has at most so many pixels."""
    scale = min(side / max(*size, 1), 1)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _scaled(image: Image, side: int) -> Image:
    """The image, scaled down to fit."""
    from PIL import Image as PILImage

    size = _fitting(image.size, side)
    if image.size == size:
        return image
    return image.resize(size, PILImage.Resampling.BILINEAR, reducing_gap=2)


def _turned(image: Image, orientation: int) -> Image:
    """The image as EXIF says that it is displayed."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation)
    return image if turn is None else image.transpose(turn)


def _in_colour(image: Image) -> Image:
    """The image in RGB, in front of grey."""
    from PIL import Image as PILImage

    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode[0] in "IF":
        image = _as_grey(image)
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = PILImage.new("RGBA", image.size, (*_GREY, 255))
        image = PILImage.alpha_composite(ground, image)
    return image.convert("RGB")


def _as_grey(image: Image) -> Image:
    """An image of deep pixels, from its darkest to its brightest."""
    deep = image.convert("F")
    low, high = (float(level) for level in deep.getextrema())  # type: ignore[arg-type]
    scale = 255 / max(high - low, 1e-9)
    return deep.point(lambda level: level * scale - low * scale).convert("L")


def _jpeg(image: Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
