"""What is left of outlines under others: ISAT draws each layer over those below it.

Its conversion to masks paints the polygons in the order of their layers (ISAT/formats/voc.py), so
that an inner outline, which it gives the class ``__background__``, is a hole.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataforge import geometry
from dataforge.records import Mask, Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MAX_CANVAS = 2**25
"""Pixels of an image that is painted, of 4 bytes each."""

_MAX_PAINTED = 2**28
"""Pixels of the boxes around all outlines that are painted in an image; that takes seconds."""

_LEAST = 2**14
"""Pixels that cost as much as to paint an outline, however small it is."""

_SCANNED = 16
"""Pixels that are looked at for the price of one that is painted."""


class Drawn(NamedTuple):
    """An outline that is painted.

    Attributes:
        owner: number of its object; -1 for what belongs to none.
        ring: the outline.
        layer: of it.
        covers: whether it hides what is below it.
    """

    owner: int
    ring: Ring
    layer: float
    covers: bool


def covered(drawn: Sequence[Drawn], size: tuple[int, int]) -> dict[int, Mask]:
    """Owner -> the pixels that are left of it, of those that something covers.

    Of equal layers, the later one is drawn over the other.

    Args:
        drawn: all outlines, in the order of the file.
        size: (width, height) of the image, pixels.

    Raises:
        TooLargeError: the image or its outlines have too many pixels.
    """
    import numpy as np

    order = sorted(drawn, key=lambda one: one.layer)
    if not any(one.covers for one in order):
        return {}
    canvas = _Canvas(size)
    for rank, one in enumerate(order):
        if one.covers:
            canvas.paint(one.ring, rank)
    owners = np.asarray([*(one.owner for one in order), -2], np.int32)  # -2: nothing is there
    whole: dict[int, list[tuple[int, Ring]]] = defaultdict(list)
    for rank, one in enumerate(order):
        if one.owner >= 0:
            whole[one.owner].append((rank, one.ring))
    found = ((owner, canvas.left_of(ranked, owner, owners)) for owner, ranked in whole.items())
    return {owner: mask for owner, mask in found if mask is not None}


class _Canvas:
    """The topmost outline of each pixel.

    Args:
        size: (width, height) of the image, pixels.

    Raises:
        TooLargeError: it has too many pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        import numpy as np

        width, height = size
        if width * height > _MAX_CANVAS:
            pixels = f"{width * height:,} pixels, more than {_MAX_CANVAS:,}"
            raise geometry.TooLargeError(f"the image has {pixels}")
        self._size = size
        self._top = np.full((height, width), -1, np.int32)
        self._left = _MAX_PAINTED

    def paint(self, ring: Ring, rank: int) -> None:
        """Draw an outline over all others."""
        if (crop := self._crop(ring)) is not None:
            pixels, window, _ = crop
            window[pixels] = rank

    def left_of(
        self, ranked: Sequence[tuple[int, Ring]], owner: int, owners: npt.NDArray[np.int32]
    ) -> Mask | None:
        """The pixels of an object that nothing covers; None if nothing covers any.

        Args:
            ranked: (rank, outline) of its parts.
            owner: its number.
            owners: rank -> the owner of the outline; the last is that of no outline.
        """
        if not any(self._is_below(ring, rank) for rank, ring in ranked):
            return None
        masks, is_covered = [], False
        for rank, ring in ranked:
            if (crop := self._crop(ring)) is None:
                continue
            pixels, window, (left, top) = crop
            visible = pixels & ((window < rank) | (owners[window] == owner))
            is_covered |= bool((visible != pixels).any())
            masks.append(geometry.mask_from_crop(visible, left, top, self._size[::-1]))
        return geometry.merge_masks(masks) if is_covered else None

    def _is_below(self, ring: Ring, rank: int) -> bool:
        """Whether anything in the box around an outline is above it."""
        x0, y0, x1, y1 = geometry.ring_box(ring)
        left, top = max(math.floor(x0), 0), max(math.floor(y0), 0)
        right, bottom = max(math.ceil(x1) + 1, 0), max(math.ceil(y1) + 1, 0)
        window = self._top[top:bottom, left:right]
        self._spend(window.size // _SCANNED)
        return bool(window.size) and int(window.max()) > rank

    def _spend(self, pixels: int) -> None:
        self._left -= pixels
        if self._left < 0:
            raise geometry.TooLargeError("its outlines have too many pixels")

    def _crop(
        self, ring: Ring
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32], tuple[int, int]] | None:
        """(pixels of an outline, the canvas there, (left, top)); None if there are none."""
        found = geometry.mask_crop(geometry.rasterise([ring], *self._size))
        if found is None:
            return None
        pixels, (x0, y0, x1, y1) = found
        self._spend(max(pixels.size, _LEAST))
        return pixels, self._top[y0 : y1 + 1, x0 : x1 + 1], (x0, y0)
