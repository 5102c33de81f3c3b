"""Where an annotation or a result of COCO is: its box, outline or mask."""

from __future__ import annotations

from typing import Any, NamedTuple

from dataforge.errors import InputError
from dataforge.geometry import mask_from_runs, rasterise, ring_area, rle_runs
from dataforge.io import MAX_COORDINATE
from dataforge.records import Box, Mask, Ring


class Shape(NamedTuple):
    """Where something is, pixels.

    Attributes:
        box: edges.
        area: px².
        mask: None if only the box counts.
    """

    box: Box
    area: float
    mask: Mask | None


def outline(given: list[Any], _image: int) -> Shape:
    """The box around rings.

    Raises:
        TypeError, ValueError: they are none.
    """
    rings = _rings(given)
    xs, ys = ([x for ring in rings for x in ring[axis::2]] for axis in (0, 1))
    return Shape((min(xs), min(ys), max(xs), max(ys)), sum(map(ring_area, rings)), None)


def _rings(given: list[Any]) -> list[Ring]:
    rings = [tuple(float(number) for number in ring) for ring in given]
    good = all(
        len(ring) >= 6 and not len(ring) % 2
        and all(abs(number) <= MAX_COORDINATE for number in ring)
        for ring in rings
    )  # fmt: skip
    if not good or not rings:
        raise ValueError("its rings are not lists of coordinates")
    return rings


def read_mask(given: Any, width: int, height: int) -> Mask:
    """The mask of rings, or of RLE, in an image of this size.

    Raises:
        KeyError, TypeError, ValueError: it cannot be used; the last says why.
    """
    if isinstance(given, list):
        return rasterise(_rings(given), width, height)
    if list(given["size"]) != [height, width]:
        raise ValueError("its size is not that of the image")
    counts = given["counts"]
    runs = rle_runs(counts) if isinstance(counts, str) else [int(number) for number in counts]
    if not runs or min(runs) < 0 or sum(runs) != width * height:
        raise ValueError("its counts are not those of the image")
    return mask_from_runs(runs, (height, width))


def coco_mask(given: Any, width: int, height: int) -> Any:
    """A segmentation of COCO as RLE that pycocotools can read.

    Raises:
        InputError: it is not one.
    """
    try:
        return rle(read_mask(given, width, height))
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"a segmentation cannot be used: {error}") from error


def rle(mask: Mask | None) -> Any:
    """The mask as pycocotools takes it."""
    return mask and {"size": [*mask.size_hw], "counts": mask.counts.encode()}


def side(value: float | None) -> int:
    """A width or height, pixels; 0 if it is none."""
    return int(value) if value is not None and 0 < value <= MAX_COORDINATE else 0


def box_of(given: list[float | None]) -> Box | None:
    """COCO's [x, y, width, height] as edges; None if it is no box."""
    numbers = [float(one) for one in given if one is not None and abs(one) <= MAX_COORDINATE]
    if len(numbers) != 4 or len(given) != 4:
        return None
    x, y, width, height = numbers
    return (x, y, x + width, y + height) if width >= 0 and height >= 0 else None
