"""Converts each shape of labelme to a box, an area and an outline; see `_SHAPES`."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

from dataforge import geometry
from dataforge.errors import UsageError, plural
from dataforge.findings import Severity
from dataforge.formats.labelme.file import Shape
from dataforge.io import MAX_COORDINATE, open_image, too_large
from dataforge.records import Box, Mask, Polygons, Ring

Policy: TypeAlias = "float | Literal['skip', 'error']"

CUBOID = "cuboid"
"""The type of a box in space, drawn as its eight corners; its hull is what can be seen of it."""

_REDRAW = "redraw or delete the shape"
_REDRAW_MASK = "redraw or delete the mask"


class ShapeError(Exception):
    """A shape that cannot become an instance, with the parts of its finding."""

    def __init__(
        self, code: str, message: str, remedy: str = _REDRAW, severity: Severity | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy, self.severity = code, message, remedy, severity


class Widths(NamedTuple):
    """What to do with shapes without area.

    Attributes:
        stroke: of lines, pixels; or `skip` or `error`.
        radius: of points, pixels; or `skip` or `error`.
    """

    stroke: Policy
    radius: Policy


class Canvas(NamedTuple):
    """What a shape is drawn on.

    Attributes:
        size: (width, height) of the image, pixels.
        widths: for shapes without area.
        room: bytes that its outline may take, see `weight`.
    """

    size: tuple[int, int]
    widths: Widths
    room: float = math.inf


class Geometry(NamedTuple):
    """The geometry of a shape.

    Attributes:
        box: (x0, y0, x1, y1), pixels, edges.
        area: px².
        outline: its rings or pixels.
        crosses: whether the outline crosses itself, other than to enclose a hole.
    """

    box: Box
    area: float
    outline: Polygons | Mask
    crosses: bool = False

    def weight(self) -> int:
        """About how many bytes of memory the outline takes."""
        if isinstance(self.outline, Mask):
            return len(self.outline.counts) * _RUN_BYTES
        return sum(map(len, self.outline.rings)) * _NUMBER_BYTES


def policy(option: str, value: str, keyword: str) -> Policy:
    """An option's value: ``skip``, ``error`` or ``keyword=PIXELS``.

    Raises:
        UsageError: it is none of these.
    """
    if value == "skip":
        return "skip"
    if value == "error":
        return "error"
    name, _, number = value.partition("=")
    try:
        size = float(number)
    except ValueError:
        size = math.nan
    if name != keyword or not 0 < size < 1e6:
        raise UsageError(f"--{option} {value}: expected skip, error or {keyword}=PIXELS")
    return size


def kind_of(shape: Shape) -> str:
    """Its type; before labelme 3.4, it follows from the number of points."""
    return (
        shape.shape_type or ("polygon", "point", "rectangle", "polygon")[min(len(shape.points), 3)]
    )


_NUMBER_BYTES, _RUN_BYTES = 32, 8
"""Memory for a number of a ring, and for a run of a mask while it is made."""


def geometry_of(shape: Shape, canvas: Canvas) -> Geometry:
    """The geometry of a shape.

    Args:
        shape: of an image.
        canvas: that it is drawn on.

    Raises:
        ShapeError: the shape is invalid.
    """
    kind = kind_of(shape)
    convert = _SHAPES.get(kind)
    if convert is None:
        known = ", ".join(_SHAPES)
        raise ShapeError(
            "unknown-shape-type", f"unknown shape type {kind!r}", f"use one of {known}"
        )
    ring = tuple(chain.from_iterable(shape.points))
    if ring and (max(ring) > MAX_COORDINATE or min(ring) < -MAX_COORDINATE):
        raise ShapeError("bad-shape", "a point is millions of pixels away")
    return convert(shape, ring, canvas)


_Convert: TypeAlias = Callable[[Shape, Ring, Canvas], Geometry]


def _require_room(canvas: Canvas, weight: int) -> None:
    """Before an outline is made that takes more memory than its shape in the file."""
    if weight > canvas.room:
        size = f"{weight / 2**20:,.2f} MiB"
        raise ShapeError(
            "bad-shape", f"the outlines of the file, with {size} for this, are too large"
        )


def _require_points(shape: Shape, least: int, most: float = math.inf) -> None:
    count = len(shape.points)
    if not least <= count <= most:
        needed = plural(least, "point") if least == most else f"at least {plural(least, 'point')}"
        raise ShapeError("bad-shape", f"{kind_of(shape)} needs {needed}, has {count}")


def _outline(ring: Ring, size: tuple[int, int]) -> Geometry:
    area, crossing = geometry.outline_area(ring, *size)
    crosses = crossing and not geometry.is_bridged(ring)
    return Geometry(geometry.ring_box(ring), area, Polygons((ring,)), crosses)


def _polygon(shape: Shape, ring: Ring, canvas: Canvas) -> Geometry:
    _require_points(shape, 3)
    return _outline(ring, canvas.size)


def _turned_box(shape: Shape, ring: Ring, canvas: Canvas) -> Geometry:
    _require_points(shape, 4, 4)
    return _outline(ring, canvas.size)


def _cuboid(shape: Shape, _: Ring, canvas: Canvas) -> Geometry:
    _require_points(shape, 8, 8)
    hull = geometry.convex_hull(shape.points)
    if len(hull) < 6:
        raise ShapeError("bad-shape", "cuboid has no area")
    return _outline(hull, canvas.size)


def _rectangle(shape: Shape, ring: Ring, _: Canvas) -> Geometry:
    _require_points(shape, 2)
    box = geometry.ring_box(ring)
    return Geometry(box, geometry.box_area(box), Polygons((geometry.box_corners(box),)))


def _circle(shape: Shape, ring: Ring, canvas: Canvas) -> Geometry:
    _require_points(shape, 2, 2)
    cx, cy, rx, ry = ring
    radius = math.hypot(rx - cx, ry - cy)
    if radius == 0:
        raise ShapeError("bad-shape", "circle has zero radius")
    _require_room(canvas, 2 * geometry.circle_corners(radius) * _NUMBER_BYTES)
    return _disc(cx, cy, radius)


def _disc(cx: float, cy: float, radius: float) -> Geometry:
    box = (cx - radius, cy - radius, cx + radius, cy + radius)
    outline = Polygons((geometry.circle_ring(cx, cy, radius),))
    return Geometry(box, math.pi * radius**2, outline)


def _mask(shape: Shape, ring: Ring, canvas: Canvas) -> Geometry:
    import numpy as np

    _require_points(shape, 2, 2)
    try:
        png = base64.b64decode(shape.mask or "", validate=True)
        with open_image(io.BytesIO(png), formats=("PNG",)) as image:
            if fault := too_large(image):
                raise ShapeError("bad-mask", f"the mask is {fault}", _REDRAW_MASK)
            crop = np.asarray(image.convert("L")) > 0
    except ShapeError:
        raise
    except Exception as error:  # Pillow raises various exceptions for a broken file
        message = "the mask is not a base64-encoded PNG"
        raise ShapeError("bad-mask", message, _REDRAW_MASK) from error
    left, top = int(min(ring[0::2])), int(min(ring[1::2]))
    try:
        most = int(min(geometry.MAX_RUNS, canvas.room / _RUN_BYTES))
        outline = geometry.mask_from_crop(crop, left, top, canvas.size[::-1], most)
    except geometry.TooLargeError as error:
        message = f"the mask has {error} that are left for this file"
        raise ShapeError("bad-mask", message, _REDRAW_MASK) from error
    area = geometry.mask_area(outline)
    if area == 0:
        raise ShapeError("bad-mask", "the mask has no pixels in the image", _REDRAW_MASK)
    return Geometry(geometry.mask_box(outline), area, outline)


def _line(shape: Shape, _: Ring, canvas: Canvas) -> Geometry:
    width = _width(canvas.widths.stroke, shape, "skipped-line", "--lines stroke=W")
    _require_points(shape, 2)
    rings = geometry.stroke_rings(shape.points, width)
    if not rings:
        raise ShapeError("bad-shape", f"{kind_of(shape)} has zero length")
    area = geometry.ring_area(rings[0])
    if len(rings) > 1:  # its segments overlap at the joints
        area = geometry.united_area(rings, *canvas.size)
    return Geometry(geometry.ring_box(*rings), area, Polygons(rings))


def _points(shape: Shape, _: Ring, canvas: Canvas) -> Geometry:
    option = "--points radius=R"
    if shape.group_id is not None:
        option += ", or read it as a keypoint with --keypoints"
    radius = _width(canvas.widths.radius, shape, "skipped-point", option)
    _require_points(shape, 1)
    corners = len(shape.points) * geometry.circle_corners(radius)
    _require_room(canvas, 2 * corners * _NUMBER_BYTES)
    discs = [_disc(x, y, radius) for x, y in shape.points]
    if len(discs) == 1:
        return discs[0]
    rings = tuple(geometry.circle_ring(x, y, radius) for x, y in shape.points)
    area = geometry.united_area(rings, *canvas.size)
    return Geometry(geometry.ring_box(*(disc.box for disc in discs)), area, Polygons(rings))


def _width(policy: Policy, shape: Shape, code: str, option: str) -> float:
    if isinstance(policy, str):
        severity: Severity | None = "error" if policy == "error" else None
        message = f"a {kind_of(shape)} has no area: skipped"
        raise ShapeError(code, message, f"give it an area with {option}", severity)
    return policy


_SHAPES: dict[str, _Convert] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "circle": _circle,
    "oriented_rectangle": _turned_box,
    "rotation": _turned_box,  # X-AnyLabeling's name for it
    "quadrilateral": _turned_box,  # X-AnyLabeling, like the next
    CUBOID: _cuboid,
    "mask": _mask,
    "line": _line,
    "linestrip": _line,
    "point": _points,
    "points": _points,
}
