"""Writes Label Studio's JSON: ``OUT/SPLIT/label_studio.json`` beside the split's images.

What is imported is what is exported: a task for each image, with one annotation. Numbers are
percent of the image's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import msgspec

from dataforge import geometry
from dataforge.formats.base import Numbered, WritePlan
from dataforge.formats.drawn import has_own_area
from dataforge.formats.labelstudio import brush
from dataforge.formats.listed_write import (
    ListedWriter,
    ListedWriting,
    count_mark_losses,
    losses_of,
)
from dataforge.formats.one_ring import joined, rings_of
from dataforge.formats.tally import Loss, Losses, place_of
from dataforge.records import Image, Instance, Mask, Polygons

_LOCAL = "/data/local-files/?d="


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Label Studio's files are written."""

    local_files: Annotated[
        str | None,
        msgspec.Meta(
            description="Write the paths of images as Label Studio's local storage serves them, "
            "below this folder of it."
        ),
    ] = None


class LabelStudioWriter(ListedWriter[WriteOptions]):
    """Writes one file a split."""

    Options = WriteOptions
    file = "label_studio.json"

    def open(self, plan: WritePlan, options: WriteOptions) -> LabelStudioWriting:
        return LabelStudioWriting(plan, self, options)


class LabelStudioWriting(ListedWriting):
    """The files of one dataset."""

    own = "labelstudio"
    losses: ClassVar[Mapping[str, Loss]] = {
        **losses_of("Label Studio", own_outlines=True),
        "joined": Loss(
            "rings-joined",
            "instance",
            "with several polygons: joined by thin bridges, or merged if they overlap",
        ),
        "box": Loss(
            "box-not-kept",
            "instance",
            "with a box that is not the bounding box of the polygon or mask: not stored",
        ),
        "empty": Loss("empty-mask", "mask", "without pixels: the box is written"),
        "large": Loss("shape-too-large", "mask", "too large for an outline: the box is written"),
    }

    def __init__(self, plan: WritePlan, writer: ListedWriter[Any], options: WriteOptions) -> None:
        super().__init__(plan, writer)
        self._folder = options.local_files

    def entry(self, name: str, numbered: Numbered, losses: Losses) -> bytes:
        image = numbered.image
        if image.attributes:
            losses.add("flags", place_of(image), names=image.attributes)
        results = []
        for number, instance in enumerate(self.writable(name, image)):
            if has_own_area(instance, (image.width, image.height)):
                losses.add("area", place_of(image, instance))
            count_mark_losses(image, instance, losses)
            results.append(self._result(number, image, instance, losses))
        task = {
            "id": numbered.number,
            "data": {"image": self._path(numbered.split, name)},
            "annotations": [{"id": numbered.number, "result": results}],
        }
        return msgspec.json.encode(task)

    def _path(self, split: str, name: str) -> str:
        if self._folder is None:
            return name
        folder = f"{self._folder.strip('/')}/" if self._folder.strip("/") else ""
        return _LOCAL + quote(f"{folder}{split}/{name}")

    def _result(
        self, number: int, image: Image, instance: Instance, losses: Losses
    ) -> dict[str, Any]:
        kind, value = self._value(image, instance, losses)
        key = f"{kind}labels"
        return {
            "id": f"r{number}",
            "type": key,
            "from_name": kind,
            "to_name": "image",
            "original_width": image.width,
            "original_height": image.height,
            "image_rotation": 0,
            "value": value | {key: [instance.label]},
        }

    def _value(
        self, image: Image, instance: Instance, losses: Losses
    ) -> tuple[str, dict[str, Any]]:
        """(kind of the result, its numbers)."""
        place, shape = place_of(image, instance), instance.shape
        try:
            if isinstance(shape, Mask):
                if geometry.mask_area(shape):
                    values = brush.encoded(shape)
                    if geometry.mask_box(shape) != instance.box:
                        losses.add("box", place)
                    return "brush", {"format": "rle", "rle": values}
                losses.add("empty", place)
            elif isinstance(shape, Polygons) and (rings := rings_of(shape)):
                if geometry.ring_box(*shape.rings) != instance.box:
                    losses.add("box", place)
                if len(rings) > 1:
                    losses.add("joined", place)
                ring = joined(rings, image.width, image.height, are_polygons=True)
                points = [
                    (_percent(x, image.width), _percent(y, image.height))
                    for x, y in geometry.points_of(ring)
                ]
                return "polygon", {"points": points, "closed": True}
        except geometry.TooLargeError:
            losses.add("large", place)
        x0, y0, x1, y1 = instance.box
        sides = {
            "x": _percent(x0, image.width),
            "y": _percent(y0, image.height),
            "width": _percent(x1 - x0, image.width),
            "height": _percent(y1 - y0, image.height),
            "rotation": 0,
        }
        return "rectangle", sides


def _percent(pixels: float, length: int) -> float:
    return pixels * 100 / length
