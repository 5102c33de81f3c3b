"""Writes KITTI's folders, one for each split: SPLIT/image_2/ and SPLIT/label_2/."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import UsageError
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writer, Writing, Written
from dataforge.formats.kitti.rows import DONT_CARE, held, line_of
from dataforge.formats.names import below_images
from dataforge.formats.tally import KeyLosses, Loss, LossCount, Losses, key_losses, place_of
from dataforge.io import stem
from dataforge.records import Image, Instance

_USED = "used"  # the stream of the classes that have instances

_LOSSES = {
    "outlines": Loss(
        "outlines-not-carried", "instance", "with a polygon or mask: written as boxes"
    ),
    "areas": Loss(
        "area-not-carried", "instance", "with an area that is not that of the box: not stored"
    ),
    "crowds": Loss("crowd-not-kept", "crowd", f"of a class of its own: written as {DONT_CARE}"),
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
    "spaces": Loss(
        "class-name-with-space",
        "class",
        "with spaces in their names ({names}): KITTI's own tools take the words for columns",
        "give them other names with --label-aliases",
    ),
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
        return stem(_below(file_name))

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        if out.suffix.lower() == ".json":
            raise UsageError(f"{out} is a file, but KITTI has one for each image: name a folder")
        return [out / split / "label_2" for split in splits]

    def open(self, plan: WritePlan, options: WriteOptions) -> KittiWriting:
        return KittiWriting(plan)


def _below(file_name: str) -> str:
    """The name of an image below its folder; what was read from KITTI's folders goes back there."""
    return below_images(re.sub(r"\A(?:.*/)?image_2/", "", file_name))


class KittiWriting(Writing):
    """One dataset while it is being written."""

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = _Shard(self._plan.stage)
        for numbered in images:
            shard.take(numbered.split, numbered.image)
        used = msgspec.json.Encoder().encode_lines(sorted(shard.used))
        losses = shard.losses.counts
        return Written(streams={_USED: used}, losses=losses, findings=shard.findings)

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self._plan
        for split in plan.splits:
            (plan.stage / split / "label_2").mkdir(parents=True, exist_ok=True)
        used = {msgspec.json.decode(line, type=str) for line in streams.get(_USED, ())}
        names = [category.name for category in plan.header.categories]
        total = Losses(_LOSSES, losses)
        KeyLosses(total).header(plan.header, plan.out)
        for name in names:
            if name not in used:
                total.add("unused", Place(plan.out), names=[name], in_image=False)
            elif len(name.split()) > 1:
                total.add("spaces", Place(plan.out), names=[name], in_image=False)
        yield from total.findings()
        kept = [name for name in names if name in used]
        if kept != sorted(kept):
            yield code("class-order-not-carried").at(
                Place(plan.out),
                f"{len(kept)} classes whose order is not stored: they are read back as "
                f"{', '.join(sorted(kept)[:5])}{', ...' * (len(kept) > 5)}",
                "set the order with --labels when you read the files",
            )


class _Shard:
    """Writes the label files of some images.

    Attributes:
        used: classes that have instances.
        losses: what KITTI cannot store of them.
        findings: on what is not written.
    """

    def __init__(self, stage: Path) -> None:
        self.used: set[str] = set()
        self.losses = Losses(_LOSSES)
        self.findings: list[Finding] = []
        self._keys = KeyLosses(self.losses)
        self._stage = stage
        self._folders: set[str] = set()

    def take(self, split: str, image: Image) -> None:
        """Write one image's file."""
        lines = "".join(self._line(image, instance) for instance in image.instances)
        if image.attributes:
            self.losses.add("flags", place_of(image), names=image.attributes)
        self._keys.image(image)
        path = os.path.join(self._stage, split, "label_2", f"{stem(_below(image.file_name))}.txt")
        folder = os.path.dirname(path)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(lines)

    def _line(self, image: Image, instance: Instance) -> str:
        """The line of an instance; empty if it has none."""
        place = place_of(image, instance)
        label = " ".join(instance.label.split())
        if not all(map(math.isfinite, instance.box)) or not label:
            fault = f"the box of {label!r} is not finite" if label else "has no class name"
            found = code("object-not-written")
            self.findings.append(found.at(place, fault, "fix or delete it", lost=instance.parts))
            return ""
        self.used.add(DONT_CARE if instance.iscrowd else instance.label)
        if instance.iscrowd and label != DONT_CARE:
            self.losses.add("crowds", place)
        if instance.shape is not None:
            self.losses.add("outlines", place)
        elif geometry.has_own_area(instance, image.width, image.height):
            self.losses.add("areas", place)
        unheld = [name for name, value in instance.attributes.items() if not held(name, value)]
        unheld += ["difficult"] if instance.difficult else []
        if unheld:
            self.losses.add("attributes", place, names=unheld)
        self._keys.instance(instance)
        return line_of(DONT_CARE if instance.iscrowd else label, instance.box, instance.attributes)
