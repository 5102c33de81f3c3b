"""Writes CreateML JSON: ``OUT/SPLIT/_annotations.createml.json`` beside the split's images.

That is where CreateML looks for the images, and the name that Roboflow gives the file.
"""

from __future__ import annotations

import msgspec

from dataforge.formats.base import Numbered, WritePlan
from dataforge.formats.listed_write import (
    ListedWriteOptions,
    ListedWriter,
    ListedWriting,
    count_box_losses,
    losses_of,
)
from dataforge.formats.tally import Losses, place_of
from dataforge.records import Instance


class CreatemlWriter(ListedWriter[ListedWriteOptions]):
    """Writes one file a split."""

    Options = ListedWriteOptions
    file = "_annotations.createml.json"

    def open(self, plan: WritePlan, options: ListedWriteOptions) -> CreatemlWriting:
        return CreatemlWriting(plan, self)


class CreatemlWriting(ListedWriting):
    """The files of one dataset."""

    own = "createml"
    losses = losses_of("CreateML")

    def entry(self, name: str, numbered: Numbered, losses: Losses) -> bytes:
        image = numbered.image
        if image.attributes:
            losses.add("flags", place_of(image), names=image.attributes)
        objects = [*self.writable(name, image)]
        for instance in objects:
            count_box_losses(image, instance, losses)
        return msgspec.json.encode(
            image.extra.get("createml", {})
            | {"image": name, "annotations": [*map(_annotation, objects)]}
        )


def _annotation(instance: Instance) -> dict[str, object]:
    x0, y0, x1, y1 = map(float, instance.box)
    sides = {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "width": x1 - x0, "height": y1 - y0}
    return instance.extra.get("createml", {}) | {"label": instance.label, "coordinates": sides}
