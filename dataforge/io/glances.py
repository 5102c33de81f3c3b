"""What the first and last bytes of an image file show, at a fifth of the cost of its header."""

from __future__ import annotations

import io
import os
import re
from typing import IO, NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_HEAD = 4096
"""Bytes that are read at first: in most images they hold the size."""
_TAIL = 4096
"""Bytes in which the end of an image is looked for: some programs append something to a JPEG."""
_MOST_EXIF = 4096
_TURNED = re.compile(
    rb"\x12\x01\x03\x00\x01\x00\x00\x00[\x05-\x08]|\x01\x12\x00\x03\x00\x00\x00\x01\x00[\x05-\x08]"
)
"""An EXIF orientation that swaps width and height, of either byte order."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that its size follows."""


class Glance(NamedTuple):
    """What can be seen of an image file.

    Attributes:
        number: of its bytes.
        size: (width, height) in pixels as displayed; None if it is not that simple.
        whole: whether it ends as it has to; False only for a JPEG or PNG that is cut off.
    """

    number: int
    size: tuple[int, int] | None
    whole: bool


def glance(stream: IO[bytes]) -> Glance:
    """Look at an image file that is open for reading bytes."""
    file = _File(stream)
    head = file.at(0, 26)
    size = None
    if head.startswith(_PNG) and head[12:16] == b"IHDR":
        size = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        end, turned = b"IEND", b"eXIf"
    elif head.startswith(b"\xff\xd8"):
        size = _jpeg_size(file)
        end, turned = b"\xff\xd9", b""
    else:
        return Glance(file.number, None, True)
    tail = file.at(max(file.number - _TAIL, 0), _TAIL)
    if turned and turned in tail:  # before the pixels it is rare, and costs a look at each chunk
        size = None
    return Glance(file.number, size, end in tail)


class _File:
    """Parts of a file, with few calls of the system.

    Args:
        stream: open for reading bytes.

    Attributes:
        number: of its bytes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        local = isinstance(stream, io.BufferedReader) and hasattr(os, "pread")
        self._handle = stream.fileno() if local else -1
        self.number = os.fstat(self._handle).st_size if local else stream.seek(0, os.SEEK_END)
        self._head = self._read(0, _HEAD)

    def at(self, offset: int, size: int) -> bytes:
        """The bytes there, fewer at the end of the file."""
        if offset + size <= len(self._head) or len(self._head) == self.number:
            return self._head[offset : offset + size]
        return self._read(offset, size)

    def _read(self, offset: int, size: int) -> bytes:
        if self._handle >= 0:
            return os.pread(self._handle, size, offset)
        self._stream.seek(offset)
        return self._stream.read(size)


def _jpeg_size(file: _File) -> tuple[int, int] | None:
    """The size in a JPEG's frame header; None if EXIF turns the image, or there is none."""
    at = 2
    while len(head := file.at(at, 9)) == 9 and head[0] == 0xFF:
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker in _FRAMES:
            return int.from_bytes(head[7:9], "big"), int.from_bytes(head[5:7], "big")
        if marker == 0xDA or length < 2:
            return None
        if marker == 0xE1 and _TURNED.search(file.at(at + 9, min(length, _MOST_EXIF))):
            return None
        at += 2 + length
    return None
