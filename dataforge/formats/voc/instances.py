"""From an <object> to an `Instance`, and its box when the coordinate convention is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.outlines import reversed_box
from dataforge.formats.voc.corners import in_order, is_reversed
from dataforge.formats.voc.objects import VocObject, understood_difficult
from dataforge.geometry import Coords, edges_of_text
from dataforge.layouts import Layout
from dataforge.records import Box, Instance


class InstanceReader:
    """Reads the objects of XML files.

    Args:
        layout: without a coordinate convention, boxes are read as written, to be `settled` later.

    Attributes:
        coords: the convention in which boxes are read.
    """

    def __init__(self, layout: Layout) -> None:
        coords = layout.coords
        self.coords: Coords = "zero" if coords == "auto" else coords
        # VOC's own convention adds a pixel to widths: a box reversed in it is reversed in all.
        self._judged: Coords = "voc" if coords == "auto" else coords
        self._difficult = layout.difficult

    def read(self, path: str, objects: Sequence[VocObject]) -> Part[list[Instance]]:
        instances: list[Instance] = []
        as_written = self.coords == "zero"
        for index, item in enumerate(objects):
            place = Place(path, f"object[{index}]", item.line)
            if as_written and (usual := _usual(place, item)) is not None:
                instances.append(usual)
                continue
            instance = yield from self._instance(place, item)
            if instance is not None:
                instances.append(instance)
            if instance is not None and item.parts:
                yield code("parts-not-read").at(
                    place,
                    f"{plural(item.parts, '<part> or <polygon> element')} inside {item.name!r} not "
                    "read",
                )
            for number, other in enumerate(item.others, 1):
                other_place = place.at(f"/bndbox[{number}]")
                instance = yield from self._instance(other_place, other)
                if instance is not None:
                    instances.append(instance)
        return instances

    def _instance(self, place: Place, item: VocObject) -> Part[Instance | None]:
        """Returns the Instance, None if the object is invalid."""
        name, bounds = item.name, item.bounds
        texts: Sequence[str] = item.texts
        if not name or bounds is None:
            yield code("bad-object").at(place, item.fault, "redraw or delete the object", lost=1)
            return None
        extra: dict[str, Any] = {"voc": item.keys} if item.keys else {}
        if is_reversed(bounds) and is_reversed(edges_of_text(texts, self._judged)):
            yield reversed_box(bounds, name, place.at("/bndbox"), place)
            extra = _with_bbox(extra, bounds)
            texts, bounds = in_order(texts, bounds), geometry.ordered(bounds)
        zero = self.coords == "zero"
        box = geometry.to_edges(bounds, "zero") if zero else edges_of_text(texts, self.coords)
        difficult, problem = understood_difficult(item.difficult)
        if problem:
            yield code("odd-difficult").at(place.at("/difficult"), problem, "write 0 or 1")
        if difficult and self._difficult == "drop":
            yield code("difficult-dropped").at(
                place, f"{name!r} is marked difficult: skipped as requested", lost=1
            )
            return None
        return Instance(
            label=name,
            box=box,
            area=geometry.box_area(box),
            iscrowd=difficult and self._difficult == "ignore",
            difficult=difficult,
            place=place,
            attributes=item.attributes,
            extra=extra,
        )


def _usual(place: Place, item: VocObject) -> Instance | None:
    """What `InstanceReader` makes of an object without a finding, if its box is read as written;
    None if it has to be looked at."""
    _, _, name, _, box, difficult, attributes, keys, _, parts, others = item
    if box is None or not name or keys or parts or others:
        return None
    if difficult != "0" and difficult is not None:
        return None
    x0, y0, x1, y1 = box
    if not (0 < x0 <= x1 and 0 < y0 <= y1):
        return None
    area = (x1 - x0) * (y1 - y0)
    return Instance(label=name, box=box, area=area, place=place, attributes=attributes)


def settled(instance: Instance, coords: Coords) -> Part[Instance]:
    """An instance whose box was read as written."""
    box, extra = instance.box, instance.extra
    if is_reversed(box) and coords != "voc":
        # By one pixel at most, which VOC's own convention adds to the width.
        place = instance.place
        yield reversed_box(box, instance.label, place.at("/bndbox"), place)
        box, extra = geometry.shifted(geometry.ordered(box), coords), _with_bbox(extra, box)
        area = geometry.box_area(box)
        return msgspec.structs.replace(instance, box=box, area=area, extra=extra)
    return settled_in_order(instance, coords)


def settled_in_order(instance: Instance, coords: Coords) -> Instance:
    """The same of an instance whose corners are in order, or that are so in VOC's convention."""
    if coords == "zero":
        return instance
    box = geometry.shifted(instance.box, coords)
    return msgspec.structs.replace(instance, box=box, area=geometry.box_area(box))


def _with_bbox(extra: dict[str, Any], bounds: Box) -> dict[str, Any]:
    """With the corners as written, for the check of wrong box formats."""
    return {**extra, "voc": {**extra.get("voc", {}), "bbox": [*bounds]}}
