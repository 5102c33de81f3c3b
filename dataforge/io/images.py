"""Image metadata from the file header; pixels are not decoded."""

from __future__ import annotations

import os
import warnings
from typing import IO, TYPE_CHECKING

import msgspec

from dataforge.errors import ParseError
from dataforge.io import limits

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST_EXIF = 2**20
_EXIF_ORIENTATION = 0x0112
_EXIF_TRANSPOSED = (5, 6, 7, 8)


class ImageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata from an image file's header.

    Attributes:
        stored_size: (width, height) in pixels, as stored.
        orientation: EXIF orientation, 1 to 8; 1 if the file has none.
        format: Pillow's format name, such as `JPEG`.
        mode: Pillow's pixel mode, such as `RGB`.
        size_bytes: file size.
    """

    stored_size: tuple[int, int]
    orientation: int
    format: str
    mode: str
    size_bytes: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels as displayed, with the EXIF orientation applied."""
        width, height = self.stored_size
        return (height, width) if self.orientation in _EXIF_TRANSPOSED else (width, height)


def read_header(stream: IO[bytes], name: str) -> ImageHeader:
    """Read the header of an image file.

    Args:
        stream: the file, open for reading bytes.
        name: file name, for the error message.

    Raises:
        ParseError: not an image, or larger than `limits.MAX_IMAGE_PIXELS` according to its header.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns about large images, but only the header is read here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream) as image:
                header = ImageHeader(
                    stored_size=image.size,
                    orientation=_orientation(image, stream),
                    format=image.format or "",
                    mode=image.mode,
                    size_bytes=stream.seek(0, os.SEEK_END),
                )
    except UnidentifiedImageError as error:
        raise ParseError(name, "", "is not an image that Pillow can read") from error
    except Exception as error:  # Pillow raises various exceptions for corrupt files
        raise not_opened(name, error) from error
    width, height = header.stored_size
    if width * height > limits.MAX_IMAGE_PIXELS:
        raise ParseError(name, "", f"claims {width}x{height} pixels, not opened")
    return header


def not_opened(name: str, error: Exception) -> ParseError:
    """The exception to raise for an image that could not be opened."""
    message = getattr(error, "strerror", None) or error
    return ParseError(name, "", f"cannot be opened as an image: {message}")


def _orientation(image: Image, stream: IO[bytes]) -> int:
    """The EXIF orientation, without decoding the pixels."""
    from PIL import Image as PILImage

    # PngImageFile.getexif would decode all pixels, because the chunk may come after them.
    exif = PILImage.Image.getexif(image)
    if image.format == "PNG" and not exif:
        exif.load(_png_exif(stream))
    orientation: int = exif.get(_EXIF_ORIENTATION, 1)
    return orientation


def _png_exif(stream: IO[bytes]) -> bytes:
    """The content of a PNG's eXIf chunk, empty if it has none."""
    at = stream.seek(8)
    while len(head := stream.read(8)) == 8 and head[4:] != b"IEND":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            return stream.read(min(length, _LARGEST_EXIF))
        at = stream.seek(at + 12 + length)
    return b""
