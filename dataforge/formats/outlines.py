"""Findings on boxes and outlines that several readers share."""

from __future__ import annotations

from dataforge.codes import code
from dataforge.findings import Edit, Finding, Place, Reorder
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


def reversed_box(box: Box, label: str, place: Place, editable: Place | None) -> Finding:
    """The finding on a box whose corners are not in order.

    Args:
        box: edges as written, pixels.
        label: of the instance.
        place: of the box.
        editable: the object, for an editor that can put them in order; None if there is none.
    """
    numbers = ", ".join(f"{value:g}" for value in box)
    return code("reversed-box").at(
        place,
        f"corners of {label!r} are reversed ({numbers}): reordered",
        "write the corners in order",
        edits=[] if editable is None else [Edit(editable, Reorder())],
    )


def in_order(box: Box, label: str, place: Place, editable: Place | None = None) -> Part[Box]:
    """Returns the box, with its corners in order.

    Args:
        box, label, place, editable: see `reversed_box`.
    """
    if box[0] > box[2] or box[1] > box[3]:
        yield reversed_box(box, label, place, editable)
        return ordered(box)
    return box
