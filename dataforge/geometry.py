"""Pure functions on boxes, polygons and masks; the only place with a ``+ 1`` or a ``- 1``.

Convention and types: `dataforge.records`. numpy and pycocotools are imported where masks need them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dataforge.records import Box, Instance, Mask, Polygons, Ring

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Coords: TypeAlias = Literal["voc", "mmdet", "zero"]

COORDS_OFFSETS: dict[Coords, Box] = {
    # The VOC devkit counts pixels from 1 and its max is the last pixel inside:
    # x0 = xmin - 1, x1 = (xmax - 1) + 1.  (VOC devkit, section "annotation format")
    "voc": (-1.0, -1.0, 0.0, 0.0),
    # What mmdet's XMLDataset computes: -1 on all four (mmdet 2.28.2 datasets/xml_style.py:141).
    "mmdet": (-1.0, -1.0, -1.0, -1.0),
    # labelImg, labelme, CVAT, Roboflow, HumanParts: edges already.
    "zero": (0.0, 0.0, 0.0, 0.0),
}
"""What is added to (xmin, ymin, xmax, ymax) of an XML file to get edges, by convention."""


def to_edges(bounds: Box, coords: Coords) -> Box:
    """Turn a VOC file's (xmin, ymin, xmax, ymax) into edges; exact for |values| below 2**52."""
    a, b, c, d = COORDS_OFFSETS[coords]
    return bounds[0] + a, bounds[1] + b, bounds[2] + c, bounds[3] + d


def edges_of_text(bounds: Sequence[str], coords: Coords) -> Box:
    """Like `to_edges` for numbers as a file has them, exact for fractions too.

    The arithmetic is decimal, as binary floats make 0.10000000000000009 of 1.1 - 1.

    >>> edges_of_text(["1.1", "2", "3.5", "4"], "voc")
    (0.1, 1.0, 3.5, 4.0)
    """
    x0, y0, x1, y1 = map(_shifted_text, bounds, COORDS_OFFSETS[coords])
    return float(x0), float(y0), float(x1), float(y1)


def text_of_edges(box: Box, coords: Coords) -> tuple[str, ...]:
    """The inverse of `edges_of_text`, which turns the text back into the same floats.

    >>> text_of_edges((0.1, 1, 3.5, 4), "voc")
    ('1.1', '2', '3.5', '4')
    """
    return tuple(
        _shifted_text(repr(float(value)), -offset)
        for value, offset in zip(box, COORDS_OFFSETS[coords], strict=True)
    )


def _shifted_text(number: str, offset: float) -> str:
    """A finite number plus a whole one, without rounding, in plain digits."""
    from decimal import Context, Decimal

    # The digits of the largest float before the point, or of the smallest one behind it.
    total = Context(prec=800).add(Decimal(number), Decimal(offset))
    return str(int(total)) if total == total.to_integral_value() else f"{total:f}"


def ordered(box: Box) -> Box:
    """The same box with x0 <= x1 and y0 <= y1."""
    x0, y0, x1, y1 = box
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def box_area(box: Box) -> float:
    """Area in px²; of a reversed box, the area of the ordered one."""
    return abs(box[2] - box[0]) * abs(box[3] - box[1])


def box_corners(box: Box) -> Ring:
    """The box's four corners as a ring, clockwise on the screen from (x0, y0)."""
    x0, y0, x1, y1 = box
    return x0, y0, x1, y0, x1, y1, x0, y1


def ring_box(*rings: Sequence[float]) -> Box:
    """Bounding box of all points of one or more flat rings."""
    return (
        min(min(ring[0::2]) for ring in rings),
        min(min(ring[1::2]) for ring in rings),
        max(max(ring[0::2]) for ring in rings),
        max(max(ring[1::2]) for ring in rings),
    )


def ring_area(ring: Sequence[float]) -> float:
    """Exact area of a simple ring by the shoelace formula, px², never negative."""
    xs, ys = ring[0::2], ring[1::2]
    # Relative to the first point: large offsets would eat the precision of the products.
    ox, oy = xs[0], ys[0]
    total = 0.0
    ax, ay = xs[-1] - ox, ys[-1] - oy
    for x, y in zip(xs, ys, strict=True):
        bx, by = x - ox, y - oy
        total += ax * by - bx * ay
        ax, ay = bx, by
    return abs(total) / 2


def clip_box(box: Box, width: float, height: float) -> Box:
    """The part of an ordered box inside the image; zero-sized where nothing is inside."""
    x0, y0, x1, y1 = box
    return (
        min(max(x0, 0.0), width),
        min(max(y0, 0.0), height),
        min(max(x1, 0.0), width),
        min(max(y1, 0.0), height),
    )


def clip_ring(ring: Ring, width: float, height: float) -> Ring:
    """The part of a ring inside the image (Sutherland-Hodgman); empty where nothing is inside."""
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    for axis, limit, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        kept: list[tuple[float, float]] = []
        for a, b in zip(points[-1:] + points[:-1], points, strict=True):
            a_in, b_in = sign * (a[axis] - limit) >= 0, sign * (b[axis] - limit) >= 0
            if a_in != b_in:
                t = (limit - a[axis]) / (b[axis] - a[axis])
                cross = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
                cross[axis] = limit
                kept.append((cross[0], cross[1]))
            if b_in:
                kept.append(b)
        points = kept
    return tuple(value for point in points for value in point)


def is_simple(ring: Ring) -> bool:
    """True where no two edges of the ring cross or touch, neighbours' common corner apart.

    Most hand-drawn outlines are star-shaped around their mean point, which O(n) arithmetic shows;
    the rest are compared edge by edge, O(n²).
    """
    xs, ys = ring[0::2], ring[1::2]
    if _star_shaped(xs, ys):
        return True
    # A point clicked twice, or the first repeated at the end, is no crossing.
    points = list(zip(xs, ys, strict=True))
    points = [b for a, b in zip(points[-1:] + points[:-1], points, strict=True) if a != b]
    return not _edges_cross([x for x, _ in points], [y for _, y in points])


def _star_shaped(xs: Sequence[float], ys: Sequence[float]) -> bool:
    n = len(xs)
    cx, cy = sum(xs) / n, sum(ys) / n
    px, py = xs[-1] - cx, ys[-1] - cy
    sign, turns = 0, 0
    for x, y in zip(xs, ys, strict=True):
        qx, qy = x - cx, y - cy
        cross = px * qy - py * qx
        if cross == 0 or (sign and (cross > 0) != (sign > 0)):
            return False
        sign = 1 if cross > 0 else -1
        # Every step turns the same way by less than half a turn, so the number of times the
        # ring comes up through y = 0 is the number of whole turns: one, or it crosses itself.
        turns += (py < 0) != (qy < 0)
        px, py = qx, qy
    return turns == 2


def _edges_cross(xs: Sequence[float], ys: Sequence[float]) -> bool:
    import numpy as np

    p = np.stack([np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)], axis=1)
    n = len(p)
    q = np.roll(p, -1, axis=0)
    for i in range(n - 1):
        # Edge i against every later edge that is not its neighbour.
        js = np.arange(i + 2, n - 1 if i == 0 else n)
        if not len(js):
            continue
        a, b, c, d = p[i], q[i], p[js], q[js]
        d1, d2 = _side(a, b, c), _side(a, b, d)
        d3, d4 = _side(c, d, a), _side(c, d, b)
        proper = (d1 * d2 <= 0) & (d3 * d4 <= 0)
        # Where all four are zero the edges lie on one line: they meet if their boxes do.
        overlap = np.all(
            (np.minimum(a, b) <= np.maximum(c, d)) & (np.minimum(c, d) <= np.maximum(a, b)), axis=1
        )
        if bool(np.any(proper & overlap)):
            return True
    return False


def _side(a: Any, b: Any, c: Any) -> Any:
    """Twice the signed area of triangles (a, b, c); the last axis of each holds x and y."""
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        c[..., 0] - a[..., 0]
    )


def circle_ring(cx: float, cy: float, radius: float) -> Ring:
    """A regular polygon inscribed in a circle and never more than 0.5 px away from it.

    The number of corners is a multiple of four, so that the ring's box is the circle's own.
    """
    # An inscribed n-gon's edge is at most r(1 - cos(pi/n)) inside the circle.
    n = 8 if radius <= 1 else math.ceil(math.pi / math.acos(1 - 0.5 / radius))
    n = max(8, -(-n // 4) * 4)
    quarter = [
        (radius * math.cos(2 * math.pi * k / n), radius * math.sin(2 * math.pi * k / n))
        for k in range(n // 4)
    ]
    quarter[0] = (radius, 0.0)
    ring: list[float] = []
    for ux, uy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        for dx, dy in quarter:
            ring += (cx + ux * dx - uy * dy, cy + uy * dx + ux * dy)
    return tuple(ring)


def stroke_rings(points: Sequence[tuple[float, float]], width: float) -> tuple[Ring, ...]:
    """One rectangle of the given width around each segment of a line; zero-length ones left out."""
    rings = []
    for (ax, ay), (bx, by) in pairwise(points):
        length = math.hypot(bx - ax, by - ay)
        if length == 0:
            continue
        nx, ny = -(by - ay) / length * width / 2, (bx - ax) / length * width / 2
        rings.append((ax + nx, ay + ny, bx + nx, by + ny, bx - nx, by - ny, ax - nx, ay - ny))
    return tuple(rings)


def rasterise(rings: Sequence[Ring], width: int, height: int) -> Mask:
    """The union of rings as a mask, by pycocotools' own rasteriser."""
    from pycocotools import mask as coco_mask

    inside = []
    for ring in rings:
        x0, y0, x1, y1 = ring_box(ring)
        # Far outside the image the rasteriser's integers overflow.
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            ring = clip_ring(ring, width, height)
        if len(ring) >= 6:
            inside.append(list(ring))
    if not inside:
        return _empty_mask(width, height)
    return _to_mask(coco_mask.merge(coco_mask.frPyObjects(inside, height, width)))


def _empty_mask(width: int, height: int) -> Mask:
    from pycocotools import mask as coco_mask

    run = {"size": [height, width], "counts": [height * width]}
    return _to_mask(coco_mask.frPyObjects(run, height, width))


def mask_from_crop(
    crop: npt.NDArray[np.bool_], left: int, top: int, size_hw: tuple[int, int]
) -> Mask:
    """A boolean (h, w) crop at pixel (left, top) of an image, what overhangs cut off."""
    import numpy as np
    from pycocotools import mask as coco_mask

    height, width = size_hw
    canvas = np.zeros((height, width), dtype=np.uint8, order="F")
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + crop.shape[0], height), min(left + crop.shape[1], width)
    if y0 < y1 and x0 < x1:
        canvas[y0:y1, x0:x1] = crop[y0 - top : y1 - top, x0 - left : x1 - left]
    return _to_mask(coco_mask.encode(canvas))


def merge_masks(masks: Sequence[Mask]) -> Mask:
    """The union of masks of one image."""
    from pycocotools import mask as coco_mask

    return _to_mask(coco_mask.merge([rle_of(mask) for mask in masks]))


def mask_area(mask: Mask) -> float:
    """Number of pixels."""
    from pycocotools import mask as coco_mask

    return float(coco_mask.area(rle_of(mask)))


def mask_box(mask: Mask) -> Box:
    """Edges of the mask's pixels: x1 is one past the last pixel's index."""
    from pycocotools import mask as coco_mask

    x, y, w, h = (float(value) for value in coco_mask.toBbox(rle_of(mask)))
    return x, y, x + w, y + h


def rle_of(mask: Mask) -> dict[str, Any]:
    """The mask as pycocotools wants it."""
    return {"size": list(mask.size_hw), "counts": mask.counts.encode("ascii")}


def _to_mask(rle: dict[str, Any]) -> Mask:
    height, width = rle["size"]
    return Mask(size_hw=(int(height), int(width)), counts=rle["counts"].decode("ascii"))


def outline_area(ring: Ring, width: int, height: int) -> tuple[float, bool]:
    """(area in px², whether the ring crosses itself): by shoelace, or in pixels where it does.

    A bow-tie's shoelace area is 0, and a trainer drops what has no area.
    """
    if is_simple(ring):
        return ring_area(ring), False
    return mask_area(rasterise([ring], width, height)), True


def shape_area(shape: Polygons | Mask | None, box: Box, width: int, height: int) -> float:
    """Area in px² of an outline or mask, of the box where there is none.

    Args:
        shape: the outline's rings are added up.
        box: (x0, y0, x1, y1).
        width, height: of the image, pixels.
    """
    if isinstance(shape, Mask):
        return mask_area(shape)
    if shape is None:
        return box_area(box)
    return math.fsum(outline_area(ring, width, height)[0] for ring in shape.rings)


def has_own_area(instance: Instance, width: int, height: int) -> bool:
    """Whether an instance's area is not that of its outline, mask or box, to a millionth.

    Args:
        instance: of an image.
        width, height: of the image, pixels.
    """
    area = shape_area(instance.shape, instance.box, width, height)
    return not math.isclose(instance.area, area, rel_tol=1e-6)


def rle_runs(counts: str) -> list[int] | None:
    """The runs of compressed counts, in pixels, first those outside; None for what is no RLE.

    pycocotools itself reads beyond the end of malformed counts.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        # maskApi.c: six bits a letter from "0" on; the last of a number has 32 not set, and its
        # 16 is the sign; from the fourth number on, what is written is the step from two before.
        bits = ord(letter) - 48
        if not 0 <= bits < 64:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return None if shift or min(runs, default=0) < 0 else runs


def mask_from_runs(runs: Sequence[int], size_hw: tuple[int, int]) -> Mask:
    """A mask of runs that add up to the image's pixels, as uncompressed RLE has them."""
    from pycocotools import mask as coco_mask

    height, width = size_hw
    rle = {"size": [height, width], "counts": list(runs)}
    return _to_mask(coco_mask.frPyObjects(rle, height, width))


def mask_crop(mask: Mask) -> tuple[npt.NDArray[np.bool_], tuple[int, int, int, int]] | None:
    """The smallest part with all of a mask's pixels; None for a mask that marks none.

    Returns:
        The pixels, and their first and last column and row, inclusive: (x0, y0, x1, y1).
    """
    from pycocotools import mask as coco_mask

    left, top, right, bottom = (int(edge) for edge in mask_box(mask))
    if left >= right or top >= bottom:
        return None
    pixels = coco_mask.decode(rle_of(mask))[top:bottom, left:right].astype(bool)
    return pixels, (left, top, right - 1, bottom - 1)


# From pixels and many rings to one ring ---------------------------------------------------------


def mask_rings(mask: Mask) -> tuple[Ring, ...]:
    """The outlines of a mask along the edges of its pixels, so that nothing is rounded.

    Rings run clockwise on the screen around pixels and the other way around holes, so that their
    signed areas add up to the number of pixels. Pixels that touch at a corner alone are apart.
    """
    import numpy as np
    from pycocotools import mask as coco_mask

    left, top, right, bottom = (int(edge) for edge in mask_box(mask))
    pixels = coco_mask.decode(rle_of(mask))[top:bottom, left:right].astype(bool)
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
    """Take one closed ring out of the steps; where two ways go on, the one to the right."""
    ring: list[float] = []
    here, after = start, steps[start].pop(0)
    while True:
        ring += (float(here[0]), float(here[1]))
        dx, dy = after[0] - here[0], after[1] - here[1]
        here = after
        ways = steps[here]
        # To the right of (dx, dy) is (-dy, dx); every step is level or upright.
        turns = [way for way in ways if (way[0] - here[0]) * -dy + (way[1] - here[1]) * dx > 0]
        if not turns and here == start:
            return tuple(ring)
        after = (turns or ways)[0]
        ways.remove(after)


def joined(rings: Sequence[Ring]) -> Ring:
    """One ring of several: each is reached, and left again, by the shortest bridge.

    A bridge is gone along twice, so it encloses nothing: the signed area is the rings' sum.
    """
    parts = [list(zip(ring[0::2], ring[1::2], strict=True)) for ring in rings]
    merged = parts[0]
    # Of each part that is still apart: (squared length, its index, from, to) of its best bridge.
    bridges = {i: _bridge(merged, parts[i], i) for i in range(1, len(parts))}
    while bridges:
        _, i, start, end = min(bridges.values())
        part = parts[i]
        del bridges[i]
        at, turn = merged.index(start), part.index(end)
        merged = [*merged[: at + 1], *part[turn:], *part[: turn + 1], *merged[at:]]
        bridges = {j: min(old, _bridge(part, parts[j], j)) for j, old in bridges.items()}
    merged = [b for a, b in zip(merged[-1:] + merged[:-1], merged, strict=True) if a != b]
    return tuple(value for point in merged for value in point)


def _bridge(
    a: list[tuple[float, float]], b: list[tuple[float, float]], number: int
) -> tuple[float, int, tuple[float, float], tuple[float, float]]:
    """(squared length, number, point of a, point of b) of the two nearest points."""
    import numpy as np

    p, q = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    best = (math.inf, 0, 0)
    size = max(1, _PAIRS_AT_ONCE // len(b))
    for first in range(0, len(a), size):
        lengths = ((p[first : first + size, None, :] - q[None, :, :]) ** 2).sum(axis=2)
        i, j = divmod(int(lengths.argmin()), len(b))
        best = min(best, (float(lengths[i, j]), first + i, j))
    length, i, j = best
    return length, number, a[i], b[j]


_PAIRS_AT_ONCE = 2**18
