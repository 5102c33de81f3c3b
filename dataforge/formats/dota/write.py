"""Writes DOTA's folders, one for each split: SPLIT/images/ and SPLIT/labelTxt/."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Place
from dataforge.formats.base import WritePlan, Writer
from dataforge.formats.dota.rows import header_line, row_line
from dataforge.formats.label_files_write import (
    LabelFiles,
    LabelFilesWriting,
    name_losses,
    written_name,
)
from dataforge.formats.tally import Loss, key_losses, place_of
from dataforge.formats.turned import corners_of
from dataforge.io import stem
from dataforge.records import Image, Instance

_LOSSES = {
    "boxes": Loss(
        "boxes-as-outlines", "instance", "with only a box: DOTA's corners are read as a polygon"
    ),
    "outlines": Loss(
        "outlines-as-turned-boxes",
        "instance",
        "with an outline of other than four corners: written as the smallest turned box around it",
    ),
    "unlike": Loss(
        "box-not-kept",
        "instance",
        "with a box that is not the bounding box of the corners: not stored",
    ),
    "areas": Loss(
        "area-not-carried", "instance", "with an area that is not that of the corners: not stored"
    ),
    "crowds": Loss("crowd-not-kept", "crowd", "written as ordinary objects: DOTA has no crowds"),
    "attributes": Loss(
        "attributes-not-carried", "instance", "with attributes that DOTA cannot store ({names})"
    ),
    "flags": Loss(
        "image-attributes-not-carried", "image", "with attributes that DOTA cannot store ({names})"
    ),
    **key_losses("DOTA"),
    "unused": Loss(
        "classes-not-carried",
        "class",
        "without instances: DOTA stores only the classes of objects ({names})",
    ),
    **name_losses("DOTA"),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are written: there are no options."""


class DotaWriter(Writer[WriteOptions]):
    """Writes one label file per image."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        return f"{split}/images/{_below(file_name)}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in more than their extension."""
        return _LabelFiles.stem(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        return [out / split / _LabelFiles.folder for split in splits]

    def open(self, plan: WritePlan, options: WriteOptions) -> LabelFilesWriting:
        return LabelFilesWriting(plan, _LabelFiles)


def _below(file_name: str) -> str:
    """The name of an image below its folder; what was read from DOTA's folders goes back there."""
    return re.sub(r"\A(?:images/)?(?:[^/]+/)?images/", "", file_name)


class _LabelFiles(LabelFiles):
    folder, kinds = "labelTxt", _LOSSES

    @staticmethod
    def stem(file_name: str) -> str:
        return stem(_below(file_name))

    def text(self, image: Image) -> str:
        headers = {name: header_line(name, value) for name, value in image.attributes.items()}
        if unheld := [name for name, line in headers.items() if line is None]:
            self.losses.add("flags", place_of(image), names=unheld)
        self.keys.image(image)
        lines = "".join(f"{line}\n" for line in headers.values() if line is not None)
        return lines + "".join(self._line(image, instance) for instance in image.instances)

    def _line(self, image: Image, instance: Instance) -> str:
        """The line of an instance; empty if it has none."""
        place = place_of(image, instance)
        label = written_name(instance.label)
        try:
            ring, is_own = corners_of(instance)
        except geometry.TooLargeError as error:
            return self._lost(instance, place, f"{label!r} cannot become a turned box: {error}")
        if not label or (re.fullmatch(r"\d", label.split()[-1], re.ASCII) and " " in label):
            return self._lost(instance, place, f"the class name {label!r} cannot be written")
        if not all(map(math.isfinite, ring)):
            return self._lost(instance, place, f"the corners of {label!r} are not finite")
        self.used.add(instance.label)
        self._count(image, instance, place, is_own=is_own)
        self.keys.instance(instance)
        flag = int(instance.difficult)
        stated = instance.attributes.get("difficult")
        if flag and isinstance(stated, int) and 1 < stated < 10:
            flag = stated
        return row_line(ring, label, flag)

    def _lost(self, instance: Instance, place: Place, fault: str) -> str:
        found = code("object-not-written")
        self.findings.append(found.at(place, fault, "fix or delete it", lost=instance.parts))
        self.left_out.add(instance)
        return ""

    def _count(self, image: Image, instance: Instance, place: Place, *, is_own: bool) -> None:
        """Count what is not carried of an instance that is written."""
        if instance.iscrowd:
            self.losses.add("crowds", place)
        if instance.shape is None:
            self.losses.add("boxes", place)
        elif not is_own:
            self.losses.add("outlines", place)
        elif geometry.ring_box(*instance.shape.rings) != instance.box:  # type: ignore[union-attr]
            self.losses.add("unlike", place)
        if (is_own or instance.shape is None) and geometry.has_own_area(
            instance, image.width, image.height
        ):
            self.losses.add("areas", place)
        names = [
            name
            for name, value in instance.attributes.items()
            if not (name == "difficult" and instance.difficult and value in (*range(1, 10),))
        ]
        if names:
            self.losses.add("attributes", place, names=names)
