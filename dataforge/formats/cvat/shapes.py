"""An element as a box and an outline.

Coordinates are pixels from 0, edges. A rotation is in degrees, clockwise on the screen, around the
centre. The runs of a mask go along the rows of its own box, and begin with background.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from dataforge import geometry
from dataforge.io import MAX_COORDINATE
from dataforge.records import Box, Mask, Polygons, Ring

SHAPES = ("box", "polygon", "ellipse", "mask")
"""Tags of elements that have an area."""

OTHERS = ("polyline", "points", "cuboid", "skeleton")
"""Tags of elements that have none, or none in the image."""

CORNERS = ("xtl", "ytl", "xbr", "ybr")

_MOST_CORNERS = 720
"""Corners of an ellipse: up to a radius of 50,000 pixels they are within half a pixel of it."""

_MOST_PIXELS = 2**27
"""Pixels of a mask's own box."""

_ROOM = 64 * 2**20
"""Bytes that outlines may take whatever the size of their file."""

MOST_COMPUTED = 480_000
"""Numbers of shapes between keyframes whatever the size of the file: those of a box that stays for
20,000 frames, or eleven minutes. CVAT writes the shapes of all frames."""

_NUMBER_BYTES = 32


class ShapeError(Exception):
    """An element has no usable shape; the message says why."""


class Room:
    """What the shapes of one file may take that are larger, or more, than their text.

    Args:
        size: of the file, bytes.
    """

    def __init__(self, size: int) -> None:
        self._bytes = _ROOM + _NUMBER_BYTES * size
        self._computed = MOST_COMPUTED + size
        self._pixels = 2**28 + 1024 * size

    def take_computed(self, number: int) -> bool:
        """Whether there is room for so many numbers of shapes between keyframes."""
        if number > self._computed:
            return False
        self._computed -= number
        return True

    def take(self, *, numbers: int = 0, pixels: int = 0) -> None:
        """Use some of it.

        Raises:
            ShapeError: there is not so much left.
        """
        self._bytes -= numbers * _NUMBER_BYTES
        self._pixels -= pixels
        if self._bytes < 0 or self._pixels < 0:
            raise ShapeError("the shapes of the file would take more memory than any need")


class Drawn(NamedTuple):
    """The numbers of an element, which can be interpolated.

    Attributes:
        tag: of the element.
        values: corners of a box; centre and radii of an ellipse; a polygon's points; left, top,
            width and height of a mask.
        rotation: degrees.
        rle: of a mask.
    """

    tag: str
    values: tuple[float, ...]
    rotation: float = 0.0
    rle: str = ""


class Geometry(NamedTuple):
    """What a shape becomes.

    Attributes:
        box, area, shape: see `dataforge.records.Instance`.
        extra: what the writer needs to write the same element.
        reversed: whether the corners were in the wrong order.
    """

    box: Box
    area: float
    shape: Polygons | Mask | None = None
    extra: Mapping[str, Any] = {}
    reversed: bool = False


def drawn_of(tag: str, given: Mapping[str, str]) -> Drawn:
    """The numbers of an element.

    Args:
        tag: of the element, one of `SHAPES`.
        given: its attributes.

    Raises:
        ShapeError: it lacks some, or they are no numbers.
    """
    rotation = _number(given, "rotation") if given.get("rotation") else 0.0
    if tag == "polygon":
        return Drawn(tag, _points(given.get("points", "")), rotation)
    names = {"box": CORNERS, "ellipse": ("cx", "cy", "rx", "ry")}.get(
        tag, ("left", "top", "width", "height")
    )
    values = tuple(_number(given, name) for name in names)
    return Drawn(tag, values, rotation, given.get("rle", ""))


def _number(given: Mapping[str, str], name: str) -> float:
    text = given.get(name)
    if text is None:
        raise ShapeError(f"has no {name}")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= MAX_COORDINATE:
        raise ShapeError(f"{name}: expected a number, got {text[:40]!r}")
    return value


def _points(text: str) -> tuple[float, ...]:
    """The coordinates of ``x,y;x,y;...``."""
    pairs = [pair.split(",") for pair in text.strip().rstrip(";").split(";")]
    try:
        values = tuple(float(value) for x, y in pairs for value in (x, y))
    except ValueError:
        raise ShapeError("points: expected x,y;x,y;... with numbers") from None
    if not all(abs(value) <= MAX_COORDINATE for value in values):
        raise ShapeError("points: a point is millions of pixels away")
    return values


def geometry_of(drawn: Drawn, size: tuple[int, int], room: Room) -> Geometry:
    """What a shape becomes in an image of (width, height).

    Raises:
        ShapeError: it has no area that could be read.
    """
    if drawn.tag == "box":
        return _box(drawn)
    if drawn.tag == "ellipse":
        return _ellipse(drawn, room)
    if drawn.tag == "mask":
        return _mask(drawn, size, room)
    ring = drawn.values
    if len(ring) < 6:
        raise ShapeError(f"polygon needs at least 3 points, has {len(ring) // 2}")
    area = geometry.outline_area(ring, *size)[0]
    return Geometry(geometry.ring_box(ring), area, Polygons((ring,)))


def _box(drawn: Drawn) -> Geometry:
    x0, y0, x1, y1 = drawn.values
    box = (x0, y0, x1, y1)
    is_reversed = x0 > x1 or y0 > y1
    box = geometry.ordered(box)
    angle = drawn.rotation % 360
    if not angle:
        return Geometry(box, geometry.box_area(box), reversed=is_reversed)
    ring = geometry.turned(box, angle)
    extra = {"box": [*box], "rotation": angle}
    outline = Polygons((ring,))
    return Geometry(geometry.ring_box(ring), geometry.box_area(box), outline, extra, is_reversed)


def ellipse_ring(values: tuple[float, ...], angle: float) -> Ring:
    """The corners of an ellipse, given its centre and radii."""
    cx, cy, rx, ry = values
    corners = min(geometry.circle_corners(max(rx, ry)), _MOST_CORNERS)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    ring: list[float] = []
    for at in range(corners):
        turn = 2 * math.pi * at / corners
        x, y = rx * math.cos(turn), ry * math.sin(turn)
        ring += (round(cx + x * cos - y * sin, 9), round(cy + x * sin + y * cos, 9))
    return tuple(ring)


def _ellipse(drawn: Drawn, room: Room) -> Geometry:
    cx, cy, rx, ry = drawn.values
    if rx <= 0 or ry <= 0:
        raise ShapeError("ellipse has no area: a radius is 0 or less")
    angle = drawn.rotation % 360
    room.take(numbers=2 * min(geometry.circle_corners(max(rx, ry)), _MOST_CORNERS))
    ring = ellipse_ring(drawn.values, angle)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    half_x, half_y = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
    box = (cx - half_x, cy - half_y, cx + half_x, cy + half_y)
    extra = {"ellipse": [*drawn.values], "rotation": angle}
    return Geometry(box, math.pi * rx * ry, Polygons((ring,)), extra)


def _mask(drawn: Drawn, size: tuple[int, int], room: Room) -> Geometry:
    import numpy as np

    left, top, width, height = map(int, drawn.values)
    if width < 1 or height < 1:
        raise ShapeError("mask has no pixels: width or height is 0 or less")
    if width * height > _MOST_PIXELS:
        raise ShapeError(f"mask of {width} x {height} pixels is larger than any image")
    room.take(pixels=width * height)
    try:
        runs = np.array([*map(int, drawn.rle.split(","))], dtype=np.int64)
    except (ValueError, OverflowError):
        raise ShapeError("rle: expected runs of pixels, separated by commas") from None
    if runs.min() < 0 or runs.max() > width * height or int(runs.sum()) != width * height:
        raise ShapeError(f"rle: the runs do not sum up to {width} x {height} pixels")
    pixels = np.repeat(np.arange(runs.size) % 2 == 1, runs).reshape(height, width)
    try:
        mask = geometry.mask_from_crop(pixels, left, top, (size[1], size[0]))
    except geometry.TooLargeError as error:
        raise ShapeError(f"the mask is too large: {error}") from error
    area = geometry.mask_area(mask)
    if not area:
        raise ShapeError("the mask has no pixels in the image")
    return Geometry(geometry.mask_box(mask), area, mask)
