"""Masks of Label Studio's brush: the run-length encoding of its RGBA pixels, row by row.

32 bits of the number of values, 5 of the size of a value less 1, four times 4 of the sizes of run
lengths less 1; then runs: a bit, which is 1 if one value is repeated, 2 bits that choose the size
of the length, the length less 1, and the value or values. A pixel is in the mask if its alpha is
not 0. Source: thi.ng/rle-pack, and brush.py of label-studio-converter.
"""

from __future__ import annotations

from collections.abc import Sequence

from dataforge import geometry
from dataforge.formats.drawn import DrawnError
from dataforge.records import Mask

MAX_PIXELS = 2**26
"""Pixels of an image whose masks are decoded."""

_CHANNELS = 4
_SIZES = (3, 4, 8, 16)


class _Bits:
    """Reads numbers of some bits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = 8 * len(data)

    def read(self, size: int) -> int:
        begin, end = self._at, self._at + size
        if end > self._end:
            raise DrawnError("the mask is truncated")
        self._at = end
        last = (end + 7) // 8
        number = int.from_bytes(self._data[begin // 8 : last], "big")
        return (number >> (8 * last - end)) & ((1 << size) - 1)


def decoded(values: Sequence[int], size: tuple[int, int]) -> Mask:
    """The mask of an image of (width, height), pixels.

    Raises:
        DrawnError: it is not one of this image, or has no pixels.
    """
    import numpy as np

    width, height = size
    if width * height > MAX_PIXELS:
        raise DrawnError(f"the image has more than {MAX_PIXELS:,} pixels: its masks are not read")
    try:
        bits = _Bits(bytes(values))
    except (ValueError, TypeError):
        raise DrawnError("the mask is not a list of bytes") from None
    number, word = bits.read(32), bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    if number != _CHANNELS * width * height:
        raise DrawnError(
            f"the mask has {number:,} values, the image {_CHANNELS * width * height:,}"
        )
    pixels = np.zeros(width * height, dtype=bool)
    at = 0
    while at < number:
        is_repeated = bits.read(1)
        end = at + 1 + bits.read(sizes[bits.read(2)])
        if end > number:
            raise DrawnError("the mask has more values than it says")
        if is_repeated:
            if bits.read(word):
                pixels[at // _CHANNELS : end // _CHANNELS] = True
        else:
            for place in range(at, end):
                value = bits.read(word)
                if value and place % _CHANNELS == _CHANNELS - 1:
                    pixels[place // _CHANNELS] = True
        at = end
    if not pixels.any():
        raise DrawnError("the mask has no pixels")
    try:
        return geometry.mask_from_crop(pixels.reshape(height, width), 0, 0, (height, width))
    except geometry.TooLargeError as error:
        raise DrawnError(f"the mask has {error}") from error


def encoded(mask: Mask) -> list[int]:
    """The values of a mask.

    Raises:
        TooLargeError: the image has too many pixels.
    """
    import numpy as np

    height, width = mask.size_hw
    if width * height > MAX_PIXELS:
        raise geometry.TooLargeError(f"{width * height:,} pixels")
    pixels = np.zeros((height, width), dtype=bool)
    if (found := geometry.mask_crop(mask)) is not None:
        crop, (left, top, right, bottom) = found
        pixels[top : bottom + 1, left : right + 1] = crop
    flat = pixels.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = np.diff(starts, append=flat.size) * _CHANNELS
    bits = [f"{flat.size * _CHANNELS:032b}{8 - 1:05b}", *(f"{one - 1:04b}" for one in _SIZES)]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        value = "11111111" if flat[start] else "00000000"
        while length > 0:
            some = min(length, 1 << 16)
            bits.append(f"111{some - 1:016b}{value}")
            length -= some
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [*int(text, 2).to_bytes(len(text) // 8, "big")]
