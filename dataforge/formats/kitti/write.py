"""Writes KITTI's folders, one for each split: SPLIT/image_2/ and SPLIT/label_2/."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import UsageError
from dataforge.formats.base import WritePlan, Writer
from dataforge.formats.kitti.rows import DONT_CARE, held, line_of
from dataforge.formats.label_files_write import (
    LabelFiles,
    LabelFilesWriting,
    name_losses,
    written_name,
)
from dataforge.formats.names import below_images
from dataforge.formats.tally import Loss, key_losses, place_of
from dataforge.io import stem
from dataforge.records import Image, Instance

_LOSSES = {
    "outlines": Loss(
        "outlines-not-carried", "instance", "with a polygon or mask: written as boxes"
    ),
    "areas": Loss(
        "area-not-carried", "instance", "with an area that is not that of the box: not stored"
    ),
    "crowds": Loss("crowd-not-kept", "crowd", f"of a class of its own: written as {DONT_CARE}"),
    "reserved": Loss(
        "reserved-class-name",
        "instance",
        f"of a class named {DONT_CARE}: KITTI reads this name as a region to ignore",
        "if they are objects, give the class another name with --label-aliases",
    ),
    "attributes": Loss(
        "attributes-not-carried", "instance", "with attributes that KITTI cannot store ({names})"
    ),
    "flags": Loss(
        "image-attributes-not-carried",
        "image",
        "with attributes that KITTI cannot store ({names})",
    ),
    **key_losses("KITTI"),
    "unused": Loss(
        "classes-not-carried",
        "class",
        "without instances: KITTI stores only the classes of objects ({names})",
    ),
    **name_losses("KITTI"),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are written: there are no options."""


class KittiWriter(Writer[WriteOptions]):
    """Writes one label file per image."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        return f"{split}/image_2/{_below(file_name)}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in more than their extension."""
        return _LabelFiles.stem(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        if out.suffix.lower() == ".json":
            raise UsageError(f"{out} is a file, but KITTI has one for each image: name a folder")
        return [out / split / _LabelFiles.folder for split in splits]

    def open(self, plan: WritePlan, options: WriteOptions) -> LabelFilesWriting:
        return LabelFilesWriting(plan, _LabelFiles)


def _below(file_name: str) -> str:
    """The name of an image below its folder; what was read from KITTI's folders goes back there."""
    return below_images(re.sub(r"\A(?:.*/)?image_2/", "", file_name))


class _LabelFiles(LabelFiles):
    folder, kinds = "label_2", _LOSSES

    @staticmethod
    def stem(file_name: str) -> str:
        return stem(_below(file_name))

    def text(self, image: Image) -> str:
        if image.attributes:
            self.losses.add("flags", place_of(image), names=image.attributes)
        self.keys.image(image)
        return "".join(self._line(image, instance) for instance in image.instances)

    def _line(self, image: Image, instance: Instance) -> str:
        """The line of an instance; empty if it has none."""
        place = place_of(image, instance)
        label = written_name(instance.label)
        if not all(map(math.isfinite, instance.box)) or not label:
            fault = f"the box of {label!r} is not finite" if label else "has no class name"
            found = code("object-not-written")
            self.findings.append(found.at(place, fault, "fix or delete it", lost=instance.parts))
            self.left_out.add(instance)
            return ""
        self.used.add(DONT_CARE if instance.iscrowd else instance.label)
        if instance.iscrowd and label != DONT_CARE:
            self.losses.add("crowds", place)
        if not instance.iscrowd and label == DONT_CARE:
            self.losses.add("reserved", place)
        if instance.shape is not None:
            self.losses.add("outlines", place)
        elif geometry.has_own_area(instance, image.width, image.height):
            self.losses.add("areas", place)
        unheld = [name for name, value in instance.attributes.items() if not held(name, value)]
        unheld += ["difficult"] if instance.difficult else []
        if unheld:
            self.losses.add("attributes", place, names=unheld)
        self.keys.instance(instance)
        return line_of(DONT_CARE if instance.iscrowd else label, instance.box, instance.attributes)
