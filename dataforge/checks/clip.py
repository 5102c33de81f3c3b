"""Cutting what is marked to its image, in the text of each format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from dataforge import geometry
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Change, Edit, Element, Path, Text, number, path_of
from dataforge.records import Box, Image, Instance, Polygons, Ring


def clipped(format_: str, text: Text, image: Image, positions: Sequence[int]) -> Iterator[Edit]:
    """Edits that cut instances to their image; what has nothing inside stays.

    Args:
        format_: of the text.
        text: the image's annotation file.
        image: its record.
        positions: of the instances in it.
    """
    if format_ == "labelme":
        yield from _labelme(text, image) if positions else ()
        return
    elements = _fix.objects(text, image) if format_ == "voc" and positions else {}
    for position in positions:
        instance = image.instances[position]
        if format_ == "coco":
            changes = _coco(text, path_of(instance.where), instance, image)
        elif format_ == "yolo":
            changes = _yolo(text, instance)
        else:
            element = elements.get(position)
            changes = _voc(element, instance.box, image) if element else iter(())
        if made := tuple(changes):
            yield text.edit(*made)


def _voc(element: Element, box: Box, image: Image) -> Iterator[Change]:
    corners = _fix.corners(element) or []
    texts = [(corner.value or "").strip() for corner in corners]
    inside = geometry.clip_box(box, image.width, image.height)
    for coords in geometry.COORDS_OFFSETS if corners and geometry.box_area(inside) else ():
        if geometry.edges_of_text(texts, coords) == box:
            new = geometry.text_of_edges(inside, coords)
            for at, corner in enumerate(corners):
                if inside[at] != box[at]:
                    yield corner.replaced(new[at])


def _coco(text: Text, path: Path, instance: Instance, image: Image) -> Iterator[Change]:
    entry = _fix.entry(text, path)
    inside = geometry.clip_box(instance.box, image.width, image.height)
    if not _fix.numbers(entry.get("bbox"), 4) or not geometry.box_area(inside):
        return
    for at, limit in ((0, image.width), (1, image.height)):
        start, size = ((*path, "bbox", at), (*path, "bbox", at + 2))
        x, w = (Decimal(text.json.raw(place)) for place in (start, size))
        x0, x1 = _within(x, x + w, limit)
        if x0 != x:
            yield text.json.replaced(start, _plain(x0))
        if x1 - x0 != w:
            yield text.json.replaced(size, _plain(x1 - x0))
    shape = instance.shape
    if isinstance(shape, Polygons) and len(shape.rings) == len(entry.get("segmentation") or ()):
        rings = [geometry.clip_ring(ring, image.width, image.height) for ring in shape.rings]
        if all(len(ring) >= 6 for ring in rings):
            for at, (ring, old) in enumerate(zip(rings, shape.rings, strict=True)):
                if ring != old:
                    yield _numbers(text, (*path, "segmentation", at), ring)
            shape = Polygons(tuple(rings))
    if isinstance(entry.get("area"), (int, float)) and (shape is None or shape != instance.shape):
        area = geometry.shape_area(shape, inside, image.width, image.height)
        like = text.json.raw((*path, "area"))
        yield text.json.replaced((*path, "area"), number(area, like))


def _numbers(text: Text, path: Path, values: Ring) -> Change:
    """The change of a list of numbers, written as the first two of it are."""
    gap = _between(text, (*path, 0), (*path, 1))
    tail = _after(text, path)
    start, _ = text.json.span(path) or (0, 0)
    first, _ = text.json.span((*path, 0)) or (0, 0)
    like = text.json.raw((*path, 0))
    new = gap.join(number(value, like) for value in values)
    return text.json.replaced(path, text.text[start:first] + new + tail)


def _between(text: Text, one: Path, other: Path) -> str:
    """What stands between two neighbours in a list."""
    before, after = text.json.span(one), text.json.span(other)
    return text.text[before[1] : after[0]] if before and after else ", "


def _after(text: Text, path: Path) -> str:
    """What stands behind the last element of a list, with its bracket."""
    span = text.json.span(path) or (0, 0)
    last = text.json.span((*path, text.json.length(path) - 1)) or span
    return text.text[last[1] : span[1]]


def _labelme(text: Text, image: Image) -> Iterator[Edit]:
    for index in range(text.json.length(("shapes",))):
        path: Path = ("shapes", index)
        points = text.json.value((*path, "points"))
        if not isinstance(points, list) or not all(_fix.numbers(p, 2) for p in points):
            continue
        kind = text.json.value((*path, "shape_type"))
        kind = kind or {2: "rectangle"}.get(len(points), "polygon")
        ring = tuple(float(value) for point in points for value in point)
        if kind not in ("polygon", "rectangle") or len(points) < 2 or not sticks_out(ring, image):
            continue
        changes = tuple((_rectangle if kind == "rectangle" else _polygon)(text, path, ring, image))
        if changes:
            yield text.edit(*changes)


def sticks_out(ring: Sequence[float], image: Image) -> bool:
    """Whether a part of an outline is outside of its image, and a part of its box is inside."""
    box = geometry.ring_box(ring)
    inside = geometry.clip_box(box, image.width, image.height)
    return inside != box and geometry.box_area(inside) > 0


def _rectangle(text: Text, path: Path, ring: Ring, image: Image) -> Iterator[Change]:
    for at, value in enumerate(ring):
        inside = min(max(value, 0.0), (image.width, image.height)[at % 2])
        if inside != value:
            place = (*path, "points", at // 2, at % 2)
            yield text.json.replaced(place, number(inside, text.json.raw(place)))


def _polygon(text: Text, path: Path, ring: Ring, image: Image) -> Iterator[Change]:
    inside = geometry.clip_ring(ring, image.width, image.height)
    if len(inside) < 6:
        return
    # Each point as the first one is written; one that is there already, as it is.
    path = (*path, "points")
    written = {
        point: text.json.raw((*path, index))
        for index, point in enumerate(zip(ring[0::2], ring[1::2], strict=True))
    }
    start, _ = text.json.span(path) or (0, 0)
    first, _ = text.json.span((*path, 0)) or (0, 0)
    like, tail = text.json.raw((*path, 0, 0)), _after(text, (*path, 0))
    gap = _between(text, (*path, 0, 0), (*path, 0, 1))
    opening = text.json.raw((*path, 0)).partition(like)[0]
    points = [
        written.get(point) or opening + number(point[0], like) + gap + number(point[1], like) + tail
        for point in zip(inside[0::2], inside[1::2], strict=True)
    ]
    between = _between(text, (*path, 0), (*path, 1))
    new = text.text[start:first] + between.join(points) + _after(text, path)
    yield text.json.replaced(path, new)


def _yolo(text: Text, instance: Instance) -> Iterator[Change]:
    """Numbers from 0 to 1; of a row with a score that stays, of a row with keypoints none."""
    spans = text.columns(_fix.line_of(instance))[1:]
    columns = [text.text[slice(*span)] for span in spans]
    if isinstance(instance.shape, Polygons):
        ring = tuple(map(float, columns))
        inside = geometry.clip_ring(ring, 1.0, 1.0)
        if inside != ring and len(inside) >= 6:
            written = dict(zip(ring, columns, strict=True))
            words = [written.get(value) or _plain(Decimal(repr(value))) for value in inside]
            gap = text.text[spans[0][1] : spans[1][0]]
            yield spans[0][0], spans[-1][1], gap.join(words)
        return
    if len(columns) not in (4, 5):
        return
    numbers = [Decimal(column) for column in columns[:4]]
    new = [*numbers]
    for at in (0, 1):
        centre, size = numbers[at], numbers[at + 2]
        low, high = _within(centre - size / 2, centre + size / 2, 1)
        new[at : at + 3 : 2] = (low + high) / 2, high - low
    if new[2] <= 0 or new[3] <= 0:
        return
    for at in range(4):
        if new[at] != numbers[at]:
            yield (*spans[at], _plain(new[at]))


def _within(low: Decimal, high: Decimal, limit: int) -> tuple[Decimal, Decimal]:
    zero, most = Decimal(0), Decimal(limit)
    return min(max(low, zero), most), min(max(high, zero), most)


def _plain(value: Decimal) -> str:
    """In plain digits, without zeros at the end."""
    whole = value == value.to_integral_value()
    return str(int(value)) if whole else f"{value.normalize():f}"
