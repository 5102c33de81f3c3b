"""Findings on boxes and outlines that several readers share."""

from __future__ import annotations

from dataforge.codes import code
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.geometry import ordered
from dataforge.records import Box


def crossing(label: str, area: float, place: Place) -> Finding:
    """The finding on a polygon that crosses itself.

    Args:
        label: of the instance.
        area: as measured, px².
        place: of the polygon.
    """
    return code("self-intersecting").at(
        place,
        f"the polygon of {label!r} crosses itself; its area is measured in pixels ({area:g})",
        "redraw it unless the crossing is intended",
    )


def in_order(box: Box, label: str, place: Place) -> Part[Box]:
    """Returns the box, with its corners in order.

    Args:
        box: edges as written, pixels.
        label: of the instance.
        place: of the box.
    """
    if box[0] > box[2] or box[1] > box[3]:
        numbers = ", ".join(f"{value:g}" for value in box)
        yield code("reversed-box").at(
            place,
            f"corners of {label!r} are reversed ({numbers}): reordered",
            "write the corners in order",
        )
        return ordered(box)
    return box
