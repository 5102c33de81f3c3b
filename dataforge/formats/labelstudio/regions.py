"""What the results of a task become: objects, their attributes, and those of the image.

A result is a region with its class (``rectanglelabels``), a region without one, to which a result
of the same id gives it (``rectangle`` and ``labels``), or an answer on a region or on the image
(``choices``, ``textarea``, ``number``, ``rating``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

from dataforge import geometry
from dataforge.findings import Place
from dataforge.formats import drawn
from dataforge.formats.drawn import Drawn, DrawnError, Room
from dataforge.formats.labelstudio import brush
from dataforge.formats.labelstudio.results import Results
from dataforge.records import Mask

NO_AREA = ("keypoint", "vector", "polyline", "line")

_ANSWERS = (
    "choices", "text", "number", "rating", "datetime", "taxonomy", "pairwise", "selected", "ranker",
)  # fmt: skip
"""Keys of values that are answers; most are types of results, too."""

SHAPES = ("rectangle", "ellipse", "polygon", "brush", *NO_AREA)

_NO_REGIONS = ("relation", "textarea", *_ANSWERS)
"""Types of results that draw nothing; their values may repeat the numbers of the region that they
are about."""

_DIGITS = 9
"""Digits of a pixel: shares of the size are numbers without end."""


class Region(NamedTuple):
    """An object.

    Attributes:
        place: of its result.
        kind: one of the shapes, or the type of something else that was drawn.
        value: its numbers, shares of the image's size in percent.
        labels: its classes.
        result: the whole result.
        id: of it; empty if it has none.
    """

    place: Place
    kind: str
    value: Mapping[str, Any]
    labels: list[str]
    result: Mapping[str, Any]
    id: str


def regions_of(
    results: list[Any], of: Results
) -> Iterator[Region | tuple[Place, str] | tuple[str, str, Any]]:
    """The objects of a list of results; (place, what is wrong) of those that are none; and (id of
    the object, or empty for the image, name, value) of each answer.

    Args:
        results: as decoded.
        of: where they are from.
    """
    labels: dict[tuple[str, str], list[str]] = {}  # of an id and a place
    regions: set[str] = set()
    for one in results:
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            id_, value = one["id"], _value(one)
            labels.setdefault((id_, _place(value)), []).extend(_labels(value))
            regions |= {id_} if _kind(one, value) else set()
    drawn_so_far: set[tuple[str, str]] = set()
    for index, one in zip(of.indices(), results, strict=True):
        where = of.place.at(f"[{index}]")
        if not isinstance(one, dict):
            yield where, "expected a result with a type and a value"
            continue
        value, number = _value(one), one.get("id")
        number = number if isinstance(number, str) else ""
        kind = _kind(one, value)
        if not kind and number not in regions:
            kind = _shape(value.keys())  # an answer on a region that no result draws
        if kind:
            region = number, _place(value)
            if number and region in drawn_so_far:
                continue  # the same region, with its class
            drawn_so_far.add(region)
            own = _labels(value)
            if number:
                own = list(dict.fromkeys([*labels[region], *labels.get((number, ""), ())]))
            yield Region(where, kind, value, own, one, number)
        elif one.get("type") != "relation":
            for key in _ANSWERS:
                if key in value:
                    name = one.get("from_name")
                    yield number, name if isinstance(name, str) else key, _single(value[key])


_PLACE = ("x", "y", "width", "height", "radiusX", "radiusY", "points", "rle")


def _place(value: Mapping[str, Any]) -> str:
    """Tells places from each other; empty if a value has none."""
    numbers = [value.get(key) for key in _PLACE]
    return repr(numbers) if not value.keys().isdisjoint(_PLACE) else ""


def _value(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The value of a result; in JSON_MIN, the result is its value."""
    value = result.get("value", result)
    return value if isinstance(value, dict) else {}


def _kind(result: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    """The shape of a result, or the type of something else that it marks; empty if it marks
    nothing."""
    written = result.get("type")
    named = written.lower() if isinstance(written, str) else ""
    classes = [key for key in value if key.endswith("labels")]
    if named in _NO_REGIONS or (not named and not classes and value.keys() & {*_ANSWERS}):
        return ""
    if (kind := named.removesuffix("labels")) in SHAPES:
        return kind
    if kind := _shape(value.keys()) or kind:
        return kind
    if named and "start" not in value:
        return ""  # the class of a region of the same id
    return next((key.removesuffix("labels") or key for key in classes), "")


def _shape(keys: Set[str]) -> str:
    """The shape that the keys of a value are those of; empty if there is none."""
    if "rle" in keys:
        return "brush"
    if "points" in keys:
        return "polygon"
    if "radiusX" in keys:
        return "ellipse"
    if {"x", "y", "width", "height"} <= keys:
        return "rectangle"
    return "keypoint" if {"x", "y"} <= keys else ""


def _labels(value: Mapping[str, Any]) -> list[str]:
    found = (own for key, own in value.items() if key.endswith("labels") and isinstance(own, list))
    return [str(label).strip() for own in found for label in own if str(label).strip()]


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def class_of(region: Region) -> str:
    """The class of a region.

    Raises:
        DrawnError: it has none, or several.
    """
    if not region.labels:
        raise DrawnError("has no class")
    if len(region.labels) > 1:
        raise DrawnError(f"has several classes: {', '.join(region.labels[:5])}")
    return region.labels[0]


def drawn_region(region: Region, size: tuple[int, int], room: Room) -> Drawn:
    """What a region with an area becomes.

    Args:
        region: see above.
        size: (width, height) of the image, pixels.
        room: for outlines.

    Raises:
        DrawnError: it cannot become an object.
    """
    value, (width, height) = region.value, size
    if region.result.get("image_rotation") not in (None, 0):
        raise DrawnError("was drawn on the image turned: not read")
    if region.kind == "brush":
        return _mask(brush.decoded(_list(value.get("rle")), size))
    if region.kind == "polygon":
        points = _list(value.get("points"))
        if not all(isinstance(one, list) and len(one) == 2 for one in points):
            raise DrawnError("expected points of two numbers")
        ring = [
            _pixels(side, length) for one in points for side, length in zip(one, size, strict=True)
        ]
        return drawn.polygon(tuple(ring), size)
    angle = math.radians(_number(value.get("rotation") or 0))
    x, y = _pixels(value.get("x"), width), _pixels(value.get("y"), height)
    if region.kind == "ellipse":
        rx, ry = _pixels(value.get("radiusX"), width), _pixels(value.get("radiusY"), height)
        return drawn.ellipse(x, y, rx, ry, angle, room)
    w, h = _pixels(value.get("width"), width), _pixels(value.get("height"), height)
    if not angle:
        return drawn.box(x, y, w, h)
    return drawn.polygon(_turned(x, y, w, h, angle), size)


def _turned(x: float, y: float, w: float, h: float, angle: float) -> tuple[float, ...]:
    """The corners of a rectangle that is turned around its first corner."""
    cos, sin = math.cos(angle), math.sin(angle)
    corners = ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h))
    return tuple(
        round(side, _DIGITS)
        for dx, dy in corners
        for side in (x + dx * cos - dy * sin, y + dx * sin + dy * cos)
    )


def _mask(mask: Mask) -> Drawn:
    return Drawn(geometry.mask_box(mask), geometry.mask_area(mask), mask)


def _pixels(percent: Any, length: int) -> float:
    return round(_number(percent) * length / 100, _DIGITS)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DrawnError(f"expected a number, got {str(value)[:40]!r}")
    drawn.checked([float(value)])
    return float(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise DrawnError("expected a list")
    return value
