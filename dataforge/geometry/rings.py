"""Rings: closed polygons as flat (x0, y0, x1, y1, ...), float pixels, edges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from dataforge.geometry.crossings import touches_itself
from dataforge.records import Box, Ring

_MOST_SIDES = 500
"""Sides of a hull that decide how its box is turned: a hull that has more is round."""


def ring_box(*rings: Sequence[float]) -> Box:
    """Bounding box of all points of one or more flat rings."""
    return (
        min(min(ring[0::2]) for ring in rings),
        min(min(ring[1::2]) for ring in rings),
        max(max(ring[0::2]) for ring in rings),
        max(max(ring[1::2]) for ring in rings),
    )


def points_of(ring: Sequence[float]) -> list[tuple[float, float]]:
    """The points of a ring: [(x0, y0), (x1, y1), ...]."""
    return list(zip(ring[0::2], ring[1::2], strict=True))


def ring_area(ring: Sequence[float]) -> float:
    """Exact area of a simple ring by the shoelace formula, px², never negative."""
    xs, ys = ring[0::2], ring[1::2]
    # Relative to the first point: large offsets would reduce the precision of the products.
    ox, oy = xs[0], ys[0]
    total = 0.0
    ax, ay = xs[-1] - ox, ys[-1] - oy
    for x, y in zip(xs, ys, strict=True):
        bx, by = x - ox, y - oy
        total += ax * by - bx * ay
        ax, ay = bx, by
    return abs(total) / 2


def convex_hull(points: Iterable[tuple[float, float]]) -> Ring:
    """The smallest convex ring around points (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    chains = []
    for side in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for x, y in side:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        chains += chain[:-1]
    return tuple(value for point in chains for value in point)


def smallest_box(points: Iterable[tuple[float, float]]) -> Ring:
    """The four corners of the smallest box around points, turned by any angle; empty without area.

    One of its sides lies on a side of their hull.
    """
    hull = points_of(convex_hull(points))
    best: tuple[float, Ring] = (math.inf, ())
    if len(hull) < 3:
        return ()
    sides = sorted(zip(hull, hull[1:] + hull[:1], strict=True), key=lambda side: -math.dist(*side))
    for (ax, ay), (bx, by) in sides[:_MOST_SIDES]:
        length = math.hypot(bx - ax, by - ay)
        if not length:
            break
        ux, uy = (bx - ax) / length, (by - ay) / length
        along = [x * ux + y * uy for x, y in hull]
        across = [y * ux - x * uy for x, y in hull]
        low, high, near, far = min(along), max(along), min(across), max(across)
        if (high - low) * (far - near) < best[0]:
            corners = ((low, near), (high, near), (high, far), (low, far))
            ring = tuple(v for s, t in corners for v in (s * ux - t * uy, s * uy + t * ux))
            best = (high - low) * (far - near), ring
    return best[1]


def outline_steps(ring: Ring) -> float:
    """Length of the outline, px, where a diagonal is as long as a side."""
    return sum(map(max, _steps(ring[0::2]), _steps(ring[1::2])))


def _steps(values: Sequence[float]) -> list[float]:
    return [abs(b - a) for a, b in zip((*values[-1:], *values[:-1]), values, strict=True)]


def clip_ring(ring: Ring, width: float, height: float) -> Ring:
    """Clip a ring to the image (Sutherland-Hodgman); empty if nothing is inside."""
    points = points_of(ring)
    right, bottom = float(width), float(height)
    for axis, limit, sign in ((0, 0.0, 1), (0, right, -1), (1, 0.0, 1), (1, bottom, -1)):
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


def rings_inside(rings: Sequence[Ring], width: int, height: int) -> list[Ring]:
    """The parts of rings inside an image of (width, height), pixels; those outside are left out."""
    inside = []
    for ring in rings:
        x0, y0, x1, y1 = ring_box(ring)
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            ring = clip_ring(ring, width, height)
        if len(ring) >= 6:
            inside.append(ring)
    return inside


def is_simple(ring: Ring) -> bool:
    """Whether no two edges of the ring cross or touch, except adjacent edges at their vertex.

    Most hand-drawn outlines are star-shaped around their mean point, which is tested in O(n).
    """
    if _star_shaped(ring[0::2], ring[1::2]):
        return True
    # A duplicated point, or the first repeated at the end, is not a crossing.
    return not touches_itself(without_repeats(points_of(ring)))


def is_bridged(ring: Ring) -> bool:
    """Whether a ring runs along one of its edges twice, once in each direction.

    This applies to rings made by `joined`, and to outlines drawn with a hole as part of the ring.
    """
    different = set(zip(ring[0::2], ring[1::2], strict=True))
    if len(ring) // 2 - len(different) < 2:  # both ends of a bridge occur twice
        return False
    points = without_repeats(points_of(ring))
    edges = zip(points[-1:] + points[:-1], points, strict=True)
    places = {edge: at for at, edge in enumerate(edges)}
    # An edge followed by its own reverse is a spike and encloses nothing.
    return any(
        (back := places.get((b, a))) is not None and 1 < abs(at - back) < len(points) - 1
        for (a, b), at in places.items()
    )


def without_repeats(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points of a ring without those that equal the one before."""
    return [b for a, b in zip(points[-1:] + points[:-1], points, strict=True) if a != b]


def _star_shaped(xs: Sequence[float], ys: Sequence[float]) -> bool:
    """Whether the ring winds once around its mean point, always in the same direction."""
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
        # Every step turns in the same direction by less than half a turn, so the number of upward
        # crossings of y = 0 is the winding number: one, or the ring crosses itself.
        turns += (py < 0) != (qy < 0)
        px, py = qx, qy
    return turns == 2


def circle_corners(radius: float) -> int:
    """The number of vertices of a `circle_ring`."""
    # An inscribed n-gon's edge is at most r(1 - cos(pi/n)) inside the circle.
    n = 8 if radius <= 1 else math.ceil(math.pi / math.acos(1 - 0.5 / radius))
    return max(8, -(-n // 4) * 4)


def circle_ring(cx: float, cy: float, radius: float) -> Ring:
    """A regular polygon inscribed in a circle, at most 0.5 px away from it.

    The number of vertices is a multiple of four, so that its bounding box equals the circle's.
    """
    n = circle_corners(radius)
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
    """One rectangle of the given width around each segment of a line with non-zero length."""
    rings = []
    for (ax, ay), (bx, by) in pairwise(points):
        length = math.hypot(bx - ax, by - ay)
        if length == 0:
            continue
        nx, ny = -(by - ay) / length * width / 2, (bx - ax) / length * width / 2
        rings.append((ax + nx, ay + ny, bx + nx, by + ny, bx - nx, by - ny, ax - nx, ay - ny))
    return tuple(rings)
