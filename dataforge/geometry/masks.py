"""Masks: the pixels of one instance in COCO's run-length encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataforge.geometry.rings import outline_steps, rings_inside
from dataforge.records import Box, Mask, Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_MASK_PIXELS = 2**29
"""Of longer runs, pycocotools cannot read what it writes itself."""

MAX_CROP_PIXELS = 2**26
"""Maximum size of the box around a mask of which the pixels are needed."""

MAX_RUNS = 2**21
"""Maximum number of runs of a mask of which the outline is needed, or that is made of pixels."""

MAX_CORNERS = 2**20
"""Maximum number of corners of the outline of a mask."""

MAX_STEPS = 2**22
"""Maximum outline length, px, of rings that are rasterised, which takes 50 bytes per px."""

_LONGEST_RUN = 40  # bits; enough for any image, and few enough to avoid huge integers
_MERGED_AT_ONCE = 16


class TooLargeError(ValueError):
    """A mask or outline has more pixels, runs or corners than can be worked on."""


def require_at_most(most: int, number: float, what: str) -> None:
    """Raise TooLargeError if there are more of something."""
    if number > most:
        raise TooLargeError(f"{number:,.0f} {what}, more than {most:,}")


def rasterise(rings: Sequence[Ring], width: int, height: int) -> Mask:
    """The union of rings as a mask, rasterised by pycocotools.

    Raises:
        TooLargeError: the outlines are too long, or the image is too large.
    """
    from pycocotools import mask as coco_mask

    require_at_most(MAX_MASK_PIXELS, width * height, "pixels")
    # The rasteriser's integers overflow far outside the image.
    inside = rings_inside(rings, width, height)
    if not inside:
        return _empty_mask(width, height)
    require_at_most(MAX_STEPS, sum(map(outline_steps, inside)), "px of outline")
    return _union(coco_mask.frPyObjects([list(ring) for ring in inside], height, width))


def _union(rles: list[dict[str, Any]]) -> Mask:
    """The union, of a few at a time: pycocotools merges each with all before it."""
    from pycocotools import mask as coco_mask

    while len(rles) > 1:
        rles = [
            coco_mask.merge(rles[first : first + _MERGED_AT_ONCE])
            for first in range(0, len(rles), _MERGED_AT_ONCE)
        ]
    return _to_mask(rles[0])


def _empty_mask(width: int, height: int) -> Mask:
    return mask_from_runs([height * width], (height, width))


def mask_from_crop(
    crop: npt.NDArray[np.bool_],
    left: int,
    top: int,
    size_hw: tuple[int, int],
    most_runs: int = MAX_RUNS,
) -> Mask:
    """The mask of a boolean (h, w) crop at pixel (left, top), clipped to the image.

    Raises:
        TooLargeError: it has more runs than `most_runs`.
    """
    import numpy as np

    height, width = size_hw
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + crop.shape[0], height), min(left + crop.shape[1], width)
    if y0 >= y1 or x0 >= x1:
        return _empty_mask(width, height)
    # Computed from pixel positions: a small crop must not allocate a gigapixel image.
    columns = np.pad(crop[y0 - top : y1 - top, x0 - left : x1 - left].T, ((0, 0), (0, 1)))
    changes = np.diff(columns.ravel(), prepend=False)
    require_at_most(most_runs, np.count_nonzero(changes), "runs of pixels")
    column, row = np.divmod(np.flatnonzero(changes), y1 - y0 + 1)
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
    import numpy as np

    # maskApi.c: six bits per character, offset "0"; in the last character of a number, bit 32
    # is clear and bit 16 is the sign; from the fourth number on, the difference to the number
    # two before is stored.
    try:
        bits = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        return None
    if not bits.size:
        return []
    last = np.flatnonzero((bits & 32) == 0)
    if bits.min() < 0 or bits.max() >= 64 or not last.size or last[-1] != bits.size - 1:
        return None
    first = np.concatenate(([0], last[:-1] + 1))
    lengths = last - first + 1
    if lengths.max() * 5 > _LONGEST_RUN + 5:
        return None
    shifts = 5 * (np.arange(bits.size) - np.repeat(first, lengths))
    runs = np.add.reduceat((bits & 31) << shifts, first)
    runs -= np.where(bits[last] & 16, 1 << 5 * lengths, 0)
    for start in (1, 2):
        runs[start::2] = np.cumsum(runs[start::2])
    # Sums that overflow pass through values that are too large.
    if runs.min() < 0 or runs.max() > 1 << _LONGEST_RUN + 5:
        return None
    found: list[int] = runs.tolist()
    return found


def merge_masks(masks: Sequence[Mask]) -> Mask:
    """The union of several masks of one image."""
    return _union([_rle_of(mask) for mask in masks])


def mask_area(mask: Mask) -> float:
    """Number of pixels."""
    from pycocotools import mask as coco_mask

    return float(coco_mask.area(_rle_of(mask)))


def mask_box(mask: Mask) -> Box:
    """Bounding box of the mask's pixels as edges: x1 is one past the last pixel's index."""
    from pycocotools import mask as coco_mask

    x, y, w, h = (float(value) for value in coco_mask.toBbox(_rle_of(mask)))
    return x, y, x + w, y + h


def _rle_of(mask: Mask) -> dict[str, Any]:
    """The mask in pycocotools' format."""
    return {"size": list(mask.size_hw), "counts": mask.counts.encode("ascii")}


def _to_mask(rle: dict[str, Any]) -> Mask:
    height, width = rle["size"]
    return Mask(size_hw=(int(height), int(width)), counts=rle["counts"].decode("ascii"))
