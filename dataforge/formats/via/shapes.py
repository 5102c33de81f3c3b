"""What each shape of VIA becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataforge.formats import drawn
from dataforge.formats.drawn import Drawn, DrawnError, Room

NO_AREA = ("point", "polyline", "line")
"""Shapes that a detector learns nothing of."""

_NUMBERS = {
    "rect": ("x", "y", "width", "height"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
}

_OF_3 = {1: "point", 2: "rect", 3: "circle", 4: "ellipse", 5: "line", 6: "polyline", 7: "polygon",
         8: "extreme rectangle", 9: "extreme circle"}  # fmt: skip
"""Number of a shape in version 3 -> its name (_via_file_annotator.js, _VIA_RSHAPE)."""


def shape_of(value: Any) -> tuple[str, list[float]]:
    """(name, numbers) of a shape: of an object, as in version 1 and 2, or a list, as in 3.

    Raises:
        DrawnError: it is none.
    """
    if isinstance(value, list):
        name = _OF_3.get(value[0]) if value and isinstance(value[0], int) else None
        if name is None:
            raise DrawnError(f"unknown shape {value[0]!r}" if value else "a shape without numbers")
        return name, _numbers(value[1:])
    if not isinstance(value, dict):
        raise DrawnError("expected an object with the name and numbers of a shape")
    name = value.get("name")
    if name in ("polygon", "polyline"):
        xs, ys = (value.get(key) for key in ("all_points_x", "all_points_y"))
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            raise DrawnError(f"{name} needs as many numbers in all_points_x as in all_points_y")
        return name, [side for point in zip(_numbers(xs), _numbers(ys), strict=True)
                      for side in point]  # fmt: skip
    if name in NO_AREA:
        return name, []
    if name not in _NUMBERS:
        raise DrawnError(f"unknown shape {str(name)[:40]!r}")
    keys = [*_NUMBERS[name], *(["theta"] if name == "ellipse" and "theta" in value else [])]
    if missing := [key for key in keys if key not in value]:
        raise DrawnError(f"{name} lacks {', '.join(missing)}")
    return name, _numbers([value[key] for key in keys])


def drawn_shape(name: str, numbers: Sequence[float], size: tuple[int, int], room: Room) -> Drawn:
    """What a shape with an area becomes.

    Args:
        name, numbers: see `shape_of`.
        size: (width, height) of the image, pixels.
        room: for outlines.

    Raises:
        DrawnError: it cannot become an object.
    """
    if name == "polygon":
        if len(numbers) % 2:
            raise DrawnError("a polygon has an odd number of numbers")
        return drawn.polygon(_open(numbers), size)
    needed = {"rect": 4, "circle": 3, "ellipse": 4, "extreme rectangle": 8, "extreme circle": 6}
    if len(numbers) != needed[name] and not (name == "ellipse" and len(numbers) == 5):
        raise DrawnError(f"{name} needs {needed[name]} numbers, has {len(numbers)}")
    drawn.checked(numbers)
    if name == "rect":
        return drawn.box(numbers[0], numbers[1], numbers[2], numbers[3])
    if name == "extreme rectangle":  # points on its four sides
        x0, y0 = min(numbers[0::2]), min(numbers[1::2])
        return drawn.box(x0, y0, max(numbers[0::2]) - x0, max(numbers[1::2]) - y0)
    if name == "ellipse":
        angle = numbers[4] if len(numbers) == 5 else 0.0
        return drawn.ellipse(numbers[0], numbers[1], numbers[2], numbers[3], angle, room)
    if name == "extreme circle":
        points = [(numbers[at], numbers[at + 1]) for at in (0, 2, 4)]
        cx, cy, radius = drawn.circle_through(points)
    else:
        cx, cy, radius = numbers
    if radius <= 0:
        raise DrawnError("circle has no radius")
    return drawn.ellipse(cx, cy, radius, radius, 0.0, room)


def _open(numbers: Sequence[float]) -> tuple[float, ...]:
    """A polygon without its first corner once more at the end."""
    if len(numbers) > 6 and tuple(numbers[:2]) == tuple(numbers[-2:]):
        return tuple(numbers[:-2])
    return tuple(numbers)


def _numbers(values: Sequence[Any]) -> list[float]:
    """Numbers, also those written as text.

    Raises:
        DrawnError: one is none.
    """
    found = []
    for value in values:
        number = value
        if isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                number = None
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise DrawnError(f"expected a number, got {str(value)[:40]!r}")
        found.append(float(number))
    return found
