"""Writes TensorFlow's table: ``OUT/SPLIT/_annotations.csv`` beside the split's images.

filename,width,height,class,xmin,ymin,xmax,ymax
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import ClassVar

from dataforge.formats.base import Numbered, WritePlan
from dataforge.formats.csv.columns import TENSORFLOW
from dataforge.formats.json_spans import number
from dataforge.formats.listed_write import (
    ListedWriteOptions,
    ListedWriter,
    ListedWriting,
    count_box_losses,
    losses_of,
)
from dataforge.formats.tally import Loss, Losses, place_of
from dataforge.records import Instance


class CsvWriter(ListedWriter[ListedWriteOptions]):
    """Writes one table a split."""

    Options = ListedWriteOptions
    file = "_annotations.csv"

    def open(self, plan: WritePlan, options: ListedWriteOptions) -> CsvWriting:
        return CsvWriting(plan, self)


class CsvWriting(ListedWriting):
    """The tables of one dataset."""

    own = "csv"
    losses: ClassVar[Mapping[str, Loss]] = {
        **losses_of("a table"),
        "empty": Loss(
            "empty-image",
            "image",
            "without objects: a table has no row for it, and the image does not lie beside it",
            "place the images with --image-mode copy",
        ),
    }  # fmt: skip
    begin = f"{','.join(TENSORFLOW)}\n".encode()
    between = b""
    end = b""

    def entry(self, name: str, numbered: Numbered, losses: Losses) -> bytes:
        image = numbered.image
        if image.attributes:
            losses.add("flags", place_of(image), names=image.attributes)
        if not image.instances and self.plan.image_folder:
            losses.add("empty", place_of(image))
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        for instance in self.writable(name, image):
            count_box_losses(image, instance, losses)
            box = [number(side) for side in instance.box]
            rows.writerow([name, image.width, image.height, instance.label, *box])
        return out.getvalue().encode()

    def fault(self, name: str, instance: Instance) -> str:
        if any(end in text for text in (name, instance.label) for end in ("\r", "\n", "\0")):
            return "the name of the image or of the class has a line end, which a table cannot hold"
        return super().fault(name, instance)
