"""Findings on outlines that all readers of polygons share."""

from __future__ import annotations

from dataforge.codes import code
from dataforge.findings import Finding, Place


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
