"""What the objects of BDD100K are.

    {"id": "0", "category": "car", "attributes": {"occluded": true, "truncated": false},
     "box2d": {"x1": 1125.9, "y1": 133.2, "x2": 1156.9, "y2": 210.9}}

x2 and y2 are the last pixels in a box: that is how Scalabel, the toolkit of BDD100K, makes COCO's
boxes of them (box2d_to_bbox and box2d_to_xyxy in scalabel/label/transforms.py add 1). Vertices of
polygons it takes as they are; in `types`, L is a corner, and three C are two control points and the
end of a cubic Bézier curve (poly_to_patch, ibid.).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Place
from dataforge.formats import drawn
from dataforge.formats.base import Part
from dataforge.formats.ignored import ignored_dropped
from dataforge.formats.json_entries import Keys, keys_of, members_of, number_of, text_of
from dataforge.formats.listed import bad_object, own_keys
from dataforge.formats.outlines import crossing, in_order
from dataforge.io import in_64_bits, plain
from dataforge.records import Box, Instance, Polygons, Ring

_SIDES = ("x1", "y1", "x2", "y2")
_WITHIN = 0.1
"""Pixels that an outline may be away from its curve."""

_AREAS = ("drivable area", "lane", "area/", "lane/")
"""How the categories begin that are no objects."""

_KNOWN = ("category", "box2d", "poly2d", "rle", "attributes", "score")
_CROWD = ("crowd", "ignored")
"""Attributes that make an object a crowd, as in Scalabel's conversion to COCO."""


def instance_of(
    keys: Keys | None, size: tuple[int, int], room: drawn.Room, place: Place, *, drops: bool
) -> Part[Instance | None]:
    """Returns the instance of a label, None if it is invalid or left out.

    Args:
        keys: of the label; None if it is no object.
        size: (width, height) of the image, pixels.
        room: for outlines of the image.
        place: of the label.
        drops: whether what is marked to be ignored is left out.
    """
    label = text_of(keys.get("category")).strip() if keys is not None else ""
    if keys is None or not label:
        yield bad_object(place, "has no category" if keys is not None else "expected an object")
        return None
    if not _has(keys, "box2d") and (why := _not_read(keys, label)):
        yield code("skipped-shape").at(place, f"{label!r} {why}: skipped", lost=1)
        return None
    attributes = _attributes(keys)
    is_crowd = any(attributes.get(name) is True for name in _CROWD)
    if is_crowd and drops:
        yield ignored_dropped(label, place)
        return None
    try:
        corners = _corners(keys["box2d"]) if _has(keys, "box2d") else None
        found = _drawn(keys, label, corners, size, room)
    except drawn.DrawnError as error:
        yield bad_object(place, str(error))
        return None
    if found.crosses:
        yield crossing(label, found.area, place)
    if corners is not None:
        yield from in_order(corners, label, place)  # which `_drawn` has put in order
    return Instance(
        label=label,
        box=found.box,
        area=found.area,
        shape=found.outline,
        iscrowd=is_crowd,
        place=place,
        attributes={name: value for name, value in attributes.items() if name not in _CROWD},
        extra=own_keys(
            "bdd100k", {name: plain(raw) for name, raw in keys.items() if name not in _KNOWN}
        ),
    )


def _has(keys: Keys, name: str) -> bool:
    return name in keys and bytes(keys[name]).strip() not in (b"null", b"{}", b"[]")


def _not_read(keys: Keys, label: str) -> str:
    """Why a label without a box is no object of a detector, if so."""
    if label.startswith(_AREAS):
        return "is a lane or an area to drive on"
    if not _has(keys, "poly2d") and not _has(keys, "rle"):
        others = [name for name in keys if name in ("box3d", "graph", "poly3d")]
        return f"has {others[0] if others else 'neither box2d, poly2d nor rle'}"
    parts = [keys_of(raw) for raw in members_of(keys.get("poly2d")) or ()]
    is_open = [part is not None and bytes(part.get("closed", b"")) == b"false" for part in parts]
    return "is a line" if is_open and all(is_open) else ""


def _attributes(keys: Keys) -> dict[str, Any]:
    given = plain(keys["attributes"]) if _has(keys, "attributes") else {}
    found = {**given} if isinstance(given, dict) else {}
    score = number_of(keys.get("score"))
    if score is not None and math.isfinite(score):
        found["score"] = score
    found = {name: value for name, value in found.items() if value is not None}
    return dict(in_64_bits(found))


def _drawn(
    keys: Keys, label: str, corners: Box | None, size: tuple[int, int], room: drawn.Room
) -> drawn.Drawn:
    """Box, area and outline; the box that is given comes first.

    Args:
        corners: the first and the last pixel of the box, in any order; None if there is none.

    Raises:
        DrawnError: something cannot be read.
    """
    outline: drawn.Drawn | None = None
    if _has(keys, "poly2d") and not label.startswith(_AREAS):
        outline = _polygons(keys["poly2d"], size, room)
    elif _has(keys, "rle"):
        outline = _mask(keys["rle"])
    if corners is None:
        if outline is None:
            raise drawn.DrawnError("has neither box2d, poly2d nor rle")
        return outline
    box = geometry.including(geometry.ordered(corners))
    if outline is None:
        return drawn.Drawn(box, geometry.box_area(box))
    return outline._replace(box=box)


def _corners(raw: msgspec.Raw) -> Box:
    """The corners of a box, as written.

    Raises:
        DrawnError: they are no coordinates.
    """
    sides = keys_of(raw) or {}
    values = [number_of(sides.get(side)) for side in _SIDES]
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(_SIDES):
        missing = next(side for side, value in zip(_SIDES, values, strict=True) if value is None)
        raise drawn.DrawnError(f"box2d: expected numbers x1, y1, x2 and y2: {missing} is none")
    x1, y1, x2, y2 = drawn.checked(numbers)
    return x1, y1, x2, y2


def _mask(raw: msgspec.Raw) -> drawn.Drawn:
    keys = keys_of(raw) or {}
    sides = [number_of(value) for value in members_of(keys.get("size")) or ()]
    whole = [int(side) for side in sides if side is not None and side.is_integer()]
    if len(whole) != 2 or len(sides) != 2:
        raise drawn.DrawnError("rle: expected a size of two whole numbers")
    return drawn.mask(text_of(keys.get("counts")), *whole)


def _polygons(raw: msgspec.Raw, size: tuple[int, int], room: drawn.Room) -> drawn.Drawn:
    parts = members_of(raw) or []
    found = [drawn.polygon(_ring(keys_of(part) or {}, room), size) for part in parts]
    if not found:
        raise drawn.DrawnError("poly2d: expected a list of polygons")
    rings = tuple(
        ring for one in found if isinstance(one.outline, Polygons) for ring in one.outline.rings
    )
    corners = [value for ring in rings for value in ring]
    area = math.fsum(one.area for one in found)
    crosses = any(one.crosses for one in found)
    return drawn.Drawn(geometry.ring_box(tuple(corners)), area, Polygons(rings), crosses)


def _ring(keys: Keys, room: drawn.Room) -> Ring:
    """The corners of a polygon, on its curves as many as are needed."""
    points = [_point(raw) for raw in members_of(keys.get("vertices")) or ()]
    types = text_of(keys.get("types")) or "L" * len(points)
    if len(types) != len(points) or {*types} - {*"LC"}:
        raise drawn.DrawnError("poly2d: expected types of L and C, one for each vertex")
    room.take(len(points))
    corners: list[tuple[float, float]] = []
    at = 0
    while at < len(points):
        if types[at] == "C" and at:
            if types[at : at + 3] != "CCC":
                raise drawn.DrawnError("poly2d: expected three C for each curve")
            bent = [corners[-1], *points[at : at + 3]]
            pieces = geometry.curve_pieces(bent, _WITHIN)
            room.take(pieces)
            corners += geometry.curve_points(bent, pieces)
            at += 3
        else:
            corners.append(points[at])
            at += 1
    return tuple(value for point in _not_closed_twice(corners) for value in point)


def _not_closed_twice(corners: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners


def _point(raw: msgspec.Raw) -> tuple[float, float]:
    values = [number_of(value) for value in members_of(raw) or ()]
    numbers = [value for value in values if value is not None]
    if len(values) != 2 or len(numbers) != 2:
        raise drawn.DrawnError("poly2d: expected vertices of two numbers")
    x, y = drawn.checked(numbers)
    return x, y
