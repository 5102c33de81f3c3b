"""Masks: the pixels of one instance in COCO's run-length encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataforge.geometry.rings import rings_inside
from dataforge.records import Box, Mask, Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_MASK_PIXELS = 2**29
"""Of longer runs, pycocotools cannot read what it writes itself."""

_LONGEST_RUN = 40  # bits; enough for any image, and few enough to avoid huge integers


def rasterise(rings: Sequence[Ring], width: int, height: int) -> Mask:
    """The union of rings as a mask, rasterised by pycocotools."""
    from pycocotools import mask as coco_mask

    # The rasteriser's integers overflow far outside the image.
    inside = [list(ring) for ring in rings_inside(rings, width, height)]
    if not inside:
        return _empty_mask(width, height)
    return _to_mask(coco_mask.merge(coco_mask.frPyObjects(inside, height, width)))


def _empty_mask(width: int, height: int) -> Mask:
    return mask_from_runs([height * width], (height, width))


def mask_from_crop(
    crop: npt.NDArray[np.bool_], left: int, top: int, size_hw: tuple[int, int]
) -> Mask:
    """The mask of a boolean (h, w) crop at pixel (left, top), clipped to the image."""
    import numpy as np

    height, width = size_hw
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + crop.shape[0], height), min(left + crop.shape[1], width)
    if y0 >= y1 or x0 >= x1:
        return _empty_mask(width, height)
    # Computed from pixel positions: a small crop must not allocate a gigapixel image.
    columns = np.pad(crop[y0 - top : y1 - top, x0 - left : x1 - left].T, ((0, 0), (0, 1)))
    column, row = np.divmod(np.flatnonzero(np.diff(columns.ravel(), prepend=False)), y1 - y0 + 1)
    edges = (column + x0) * height + row + y0  # of runs, column by column: start, end, ...
    inner = edges[1:-1].reshape(-1, 2)  # a run to the last row continues in the next column
    edges = np.concatenate([edges[:1], inner[inner[:, 0] != inner[:, 1]].ravel(), edges[-1:]])
    runs = np.diff(edges, prepend=0, append=height * width)
    return mask_from_runs(runs.tolist(), size_hw)


def mask_from_runs(runs: Sequence[int], size_hw: tuple[int, int]) -> Mask:
    """A mask from the runs of uncompressed RLE, which must sum to the image's pixel count.

    Only the first may be empty, see `without_empty`.
    """
    from pycocotools import mask as coco_mask

    height, width = size_hw
    rle = {"size": [height, width], "counts": list(runs)}
    return _to_mask(coco_mask.frPyObjects(rle, height, width))


def without_empty(runs: Sequence[int]) -> Sequence[int]:
    """The same runs, of which only the first may be empty; pycocotools extends boxes by others."""
    if 0 not in runs[1:]:
        return runs
    kept = [runs[0]]
    for number, run in enumerate(runs[1:], 1):
        if run and number % 2 == len(kept) % 2:
            kept.append(run)
        else:
            kept[-1] += run
    return kept


def rle_runs(counts: str) -> list[int] | None:
    """The runs of compressed counts, in pixels, starting with background; None if invalid.

    For unvalidated counts: pycocotools reads beyond the end of malformed ones, and others than
    these where numbers are padded. Only what `mask_from_runs` packs again is safe.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        # maskApi.c: six bits per character, offset "0"; in the last character of a number, bit 32
        # is clear and bit 16 is the sign; from the fourth number on, the difference to the number
        # two before is stored.
        bits = ord(letter) - 48
        if not 0 <= bits < 64:
            return None
        if shift > _LONGEST_RUN:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return None if shift or min(runs, default=0) < 0 else runs


def merge_masks(masks: Sequence[Mask]) -> Mask:
    """The union of several masks of one image."""
    from pycocotools import mask as coco_mask

    return _to_mask(coco_mask.merge([_rle_of(mask) for mask in masks]))


def mask_area(mask: Mask) -> float:
    """Number of pixels."""
    from pycocotools import mask as coco_mask

    return float(coco_mask.area(_rle_of(mask)))


def mask_box(mask: Mask) -> Box:
    """Bounding box of the mask's pixels as edges: x1 is one past the last pixel's index."""
    from pycocotools import mask as coco_mask

    x, y, w, h = (float(value) for value in coco_mask.toBbox(_rle_of(mask)))
    return x, y, x + w, y + h


def mask_crop(mask: Mask) -> tuple[npt.NDArray[np.bool_], tuple[int, int, int, int]] | None:
    """The tightest crop that contains all of a mask's pixels; None for an empty mask.

    Returns:
        The pixels, and their first and last column and row, inclusive: (x0, y0, x1, y1).
    """
    from pycocotools import mask as coco_mask

    left, top, right, bottom = (int(edge) for edge in mask_box(mask))
    if left >= right or top >= bottom:
        return None
    pixels = coco_mask.decode(_rle_of(mask))[top:bottom, left:right].astype(bool)
    return pixels, (left, top, right - 1, bottom - 1)


def _rle_of(mask: Mask) -> dict[str, Any]:
    """The mask in pycocotools' format."""
    return {"size": list(mask.size_hw), "counts": mask.counts.encode("ascii")}


def _to_mask(rle: dict[str, Any]) -> Mask:
    height, width = rle["size"]
    return Mask(size_hw=(int(height), int(width)), counts=rle["counts"].decode("ascii"))


def mask_rings(mask: Mask) -> tuple[Ring, ...]:
    """The outlines of a mask along the edges of its pixels, without rounding.

    Rings run clockwise in image coordinates around pixels and counter-clockwise around holes, so
    that their signed areas sum to the number of pixels. Pixels that touch only at a corner belong
    to different rings.
    """
    import numpy as np

    crop = mask_crop(mask)
    if crop is None:
        return ()
    pixels, (left, top, _, _) = crop
    inside = np.pad(pixels, 1)
    # Corners are numbered in the padded crop: its first pixel's own corner is (1, 1).
    left, top = left - 1, top - 1
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, x0, x1 in _runs(inside[1:] & ~inside[:-1]):  # the upper edges of pixels
        steps.setdefault((x0 + left, y + top + 1), []).append((x1 + left, y + top + 1))
    for y, x0, x1 in _runs(inside[:-1] & ~inside[1:]):
        steps.setdefault((x1 + left, y + top + 1), []).append((x0 + left, y + top + 1))
    for x, y0, y1 in _runs((inside[:, :-1] & ~inside[:, 1:]).T):  # the right edges
        steps.setdefault((x + left + 1, y0 + top), []).append((x + left + 1, y1 + top))
    for x, y0, y1 in _runs((inside[:, 1:] & ~inside[:, :-1]).T):
        steps.setdefault((x + left + 1, y1 + top), []).append((x + left + 1, y0 + top))
    starts = sorted(steps, key=lambda corner: (corner[1], corner[0]))
    return tuple(_walk(steps, start) for start in starts for _ in steps[start][:] if steps[start])


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(row, first column, one past the last) of each run of True."""
    import numpy as np

    change = np.diff(np.pad(flags, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(change == 1)
    _, stops = np.nonzero(change == -1)
    return list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))


def _walk(steps: dict[tuple[int, int], list[tuple[int, int]]], start: tuple[int, int]) -> Ring:
    """Remove one closed ring from the steps, turning right at forks."""
    ring: list[float] = []
    here, after = start, steps[start].pop(0)
    while True:
        ring += (float(here[0]), float(here[1]))
        dx, dy = after[0] - here[0], after[1] - here[1]
        here = after
        ways = steps[here]
        # (-dy, dx) is to the right of (dx, dy); every step is horizontal or vertical.
        turns = [way for way in ways if (way[0] - here[0]) * -dy + (way[1] - here[1]) * dx > 0]
        if not turns and here == start:
            return tuple(ring)
        after = (turns or ways)[0]
        ways.remove(after)
