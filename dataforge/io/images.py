"""Images by Pillow: headers, and whether the pixels may be decoded."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from dataforge.errors import InputError, ParseError
from dataforge.io import limits

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
"""Pillow's names of the formats that images may have, the same as their extensions.

Pillow must not guess among all that it knows: it passes PostScript, whatever the file is called,
to Ghostscript, a program that runs what it reads.
"""

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


@contextmanager
def open_image(
    source: str | Path | IO[bytes], formats: tuple[str, ...] = IMAGE_FORMATS
) -> Iterator[Image]:
    """An image, of which only the header is read; see `too_large` before its pixels are.

    Pillow raises anything for a broken file, here and when the pixels are decoded. It does not
    warn of large images, nor of oddities in metadata.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(source, formats=formats) as image:
            yield image


def read_header(stream: IO[bytes], name: str) -> ImageHeader:
    """Read the header of an image file.

    Args:
        stream: the file, open for reading bytes.
        name: file name, for the error message.

    Raises:
        ParseError: not an image in one of `IMAGE_FORMATS`, or larger than
            `limits.MAX_IMAGE_PIXELS` according to its header.
    """
    from PIL import UnidentifiedImageError

    try:
        _require_small_webp(stream, name)
        with open_image(stream) as image:
            header = ImageHeader(
                stored_size=_stored_size(image),
                orientation=_orientation(image, stream),
                format=image.format or "",
                mode=image.mode,
                size_bytes=stream.seek(0, os.SEEK_END),
            )
    except UnidentifiedImageError as error:
        message = "is not an image of a format that is read (JPEG, PNG, BMP, TIFF, WebP)"
        raise ParseError(name, "", message) from error
    except InputError:  # also of a store that has gone
        raise
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


def _require_small_webp(stream: IO[bytes], name: str) -> None:
    """Pillow reads a WebP file as a whole even for its header."""
    head = stream.read(12)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP" and size > limits.MAX_DECODED_BYTES:
        raise ParseError(name, "", f"is a WebP file of {size} bytes, not opened")


def _stored_size(image: Any) -> tuple[int, int]:
    """(width, height) as stored; newer versions of Pillow say of TIFF how it is displayed."""
    size: tuple[int, int] = image.size
    if image.format == "TIFF":
        size = image.tag_v2.get(256, size[0]), image.tag_v2.get(257, size[1])
    return size


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


# Memory for the pixels --------------------------------------------------------------------------

_PIXEL_BYTES = 8
"""At most 4 of a pixel, and as many of a converted copy."""
_WEBP_PIXEL_BYTES = 16
"""Two canvases of libwebp, the bytes it returns, and Pillow's image."""
_REDUCTION = 64
"""Pixels of a JPEG for one of its smallest draft, which has an eighth of its width and height."""
_COEFFICIENT_BYTES = 2
_TABLES = (0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE)
"""Markers of what may precede a scan of a sequential JPEG; also of metadata."""
_MOST_SCANS = 100
"""Each scan of a progressive JPEG passes over the whole image; usual are 10."""


def too_large(image: Image, *, reduced: bool = False) -> str:
    """Why an image is too large to decode; empty if it is not.

    Args:
        image: just opened, in one of `IMAGE_FORMATS`.
        reduced: whether Pillow is asked for the smallest draft, which JPEG alone has.
    """
    stream: IO[bytes] = image.fp  # type: ignore[attr-defined]
    width, height = image.size
    needed = width * height * (_WEBP_PIXEL_BYTES if image.format == "WEBP" else _PIXEL_BYTES)
    if image.format in ("JPEG", "MPO"):
        if reduced:
            needed //= _REDUCTION
        before = stream.tell()
        if not _is_one_scan(stream):
            needed += _coefficient_bytes(image)
            if _has_many_scans(stream):
                return f"too large to decode: more than {_MOST_SCANS} scans"
        stream.seek(before)
    elif image.format == "TIFF":
        needed += _tiff_part_bytes(image)
    if needed <= limits.MAX_DECODED_BYTES:
        return ""
    return (
        f"too large to decode: {width}x{height} pixels, which take {needed >> 20} MiB of the "
        f"{limits.MAX_DECODED_BYTES >> 20} that are allowed"
    )


def _coefficient_bytes(image: Any) -> int:
    """What libjpeg keeps of a whole JPEG whose pixels are not complete before its last scan."""
    width, height = image.size
    across, down = zip(*((across, down) for _, across, down, _ in image.layer), strict=True)
    samples = sum(map(operator.mul, across, down))
    return int(width * height * _COEFFICIENT_BYTES * samples // (max(across) * max(down)))


def _is_one_scan(stream: IO[bytes]) -> bool:
    """Whether a JPEG is decoded as it is read; False in case of doubt."""
    components, at = 0, stream.seek(2)
    while len(head := stream.read(5)) == 5 and head[0] == 0xFF:
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker == 0xDA:  # a scan
            return head[4] == components
        if marker in (0xC0, 0xC1):  # a sequential image, as nearly all are
            components = stream.read(5)[-1]
        elif marker not in _TABLES:
            return False
        at = stream.seek(at + 2 + length)
    return False


def _has_many_scans(stream: IO[bytes]) -> bool:
    """Whether a JPEG may have more than `_MOST_SCANS`; their data cannot contain the marker."""
    scans, last = stream.seek(0), b""
    while block := stream.read(2**20):
        scans += (last + block).count(b"\xff\xda")
        last = block[-1:]
    return scans > _MOST_SCANS


def _tiff_part_bytes(image: Any) -> int:
    """The size of a strip or tile of a TIFF, which libtiff decodes as a whole."""
    tags = image.tag_v2
    width, height = image.size
    rows = min(tags.get(278, height), height)
    bits = sum(tags.get(258, (1,)))
    part: int = max(width * rows, tags.get(322, 0) * tags.get(323, 0)) * bits // 8
    # One compressed as JPEG may be progressive.
    return part * (1 + _COEFFICIENT_BYTES) if tags.get(259) in (6, 7) else part
