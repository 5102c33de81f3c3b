"""Writes projects of VIA 2: ``OUT/SPLIT/via_project.json`` beside the split's images.

The class is the attribute ``label``, whose options are all classes in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from dataforge import geometry
from dataforge.formats.base import Numbered, WritePlan
from dataforge.formats.drawn import has_own_area
from dataforge.formats.listed_write import (
    ListedWriteOptions,
    ListedWriter,
    ListedWriting,
    count_mark_losses,
    losses_of,
)
from dataforge.formats.one_ring import joined, rings_of
from dataforge.formats.tally import Loss, Losses, place_of
from dataforge.records import Image, Instance, Mask, Polygons, Ring

_LABEL = "label"
_SETTINGS = {"ui": {}, "core": {"filepath": {}, "default_filepath": ""}, "project": {"name": "via"}}


class ViaWriter(ListedWriter[ListedWriteOptions]):
    """Writes one project a split."""

    Options = ListedWriteOptions
    file = "via_project.json"

    def open(self, plan: WritePlan, options: ListedWriteOptions) -> ViaWriting:
        return ViaWriting(plan, self)


class ViaWriting(ListedWriting):
    """The projects of one dataset."""

    own = "via"
    keeps_order = True
    losses: ClassVar[Mapping[str, Loss]] = {
        **losses_of("VIA", own_outlines=True),
        "joined": Loss(
            "rings-joined",
            "instance",
            "with several polygons: joined by thin bridges, or merged if they overlap",
        ),
        "mask": Loss(
            "mask-as-outline", "mask", "written as the polygon around its pixels: VIA has no masks"
        ),
        "box": Loss(
            "box-not-kept",
            "instance",
            "with a box that is not the bounding box of the polygon or mask: not stored",
        ),
        "empty": Loss("empty-mask", "mask", "without pixels: the box is written"),
        "large": Loss("shape-too-large", "mask", "too large for an outline: the box is written"),
    }

    def __init__(self, plan: WritePlan, writer: ListedWriter[Any]) -> None:
        super().__init__(plan, writer)
        options = {category.name: "" for category in plan.header.categories}
        label = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
        attributes = {"region": {_LABEL: label}, "file": {}}
        encode = msgspec.json.encode
        self.begin = b'{"_via_settings":' + encode(_SETTINGS) + b',\n"_via_img_metadata":{\n'
        self.end = b'\n},\n"_via_attributes":' + encode(attributes) + b"}\n"

    def entry(self, name: str, numbered: Numbered, losses: Losses) -> bytes:
        image = numbered.image
        regions = []
        for instance in self.writable(name, image):
            self._count(image, instance, losses)
            marks = dict(instance.attributes)
            if instance.difficult:
                marks["difficult"] = True
            regions.append(
                {
                    "shape_attributes": self._shape(image, instance, losses),
                    "region_attributes": marks | {_LABEL: instance.label},
                }
            )
        entry = {"filename": name, "size": -1, "regions": regions,
                 "file_attributes": image.attributes}  # fmt: skip
        return msgspec.json.encode(f"{name}-1") + b":" + msgspec.json.encode(entry)

    def _count(self, image: Image, instance: Instance, losses: Losses) -> None:
        place = place_of(image, instance)
        if has_own_area(instance, (image.width, image.height)):
            losses.add("area", place)
        held = [name for name in instance.attributes if name != _LABEL]
        count_mark_losses(image, instance, losses, [*held, "difficult"])

    def _shape(self, image: Image, instance: Instance, losses: Losses) -> dict[str, Any]:
        place, shape = place_of(image, instance), instance.shape
        try:
            rings = rings_of(shape)
            if (
                rings
                and isinstance(shape, Polygons)
                and geometry.ring_box(*shape.rings) != instance.box
            ):
                losses.add("box", place)
            if isinstance(shape, Mask):
                losses.add("mask" if rings else "empty", place)
                if rings and geometry.mask_box(shape) != instance.box:
                    losses.add("box", place)
            if len(rings) > 1:
                losses.add("joined", place)
            size = image.width, image.height
            ring = joined(rings, *size, are_polygons=isinstance(shape, Polygons))
        except geometry.TooLargeError:
            losses.add("large", place)
            ring = ()
        return _polygon(ring) if ring else _rect(instance.box)


def _polygon(ring: Ring) -> dict[str, Any]:
    return {"name": "polygon", "all_points_x": ring[0::2], "all_points_y": ring[1::2]}


def _rect(box: Sequence[float]) -> dict[str, Any]:
    x0, y0, x1, y1 = box
    return {"name": "rect", "x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
