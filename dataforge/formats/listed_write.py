"""Writes files that name images and say what is on them: one a split, beside its images."""

from __future__ import annotations

import math
import shutil
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, TypeVar

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import UsageError
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writer, Writing, Written
from dataforge.formats.names import below_images
from dataforge.formats.tally import (
    KeyLosses,
    LeftOut,
    Loss,
    LossCount,
    Losses,
    class_order_not_carried,
    key_losses,
    place_of,
)
from dataforge.io import atomic_write
from dataforge.records import Image, Instance

_LABELS = "labels"
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - options


class ListedWriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files that name images are written: there are no options."""


def losses_of(title: str, *, own_outlines: bool = False) -> dict[str, Loss]:
    """The kinds of losses of a format that holds boxes and names.

    Args:
        title: its name in messages.
        own_outlines: whether it holds outlines.
    """
    kinds = {
        "outlines": Loss(
            "outlines-not-carried", "instance", "with a polygon or mask: written as boxes"
        ),
        "area": Loss(
            "area-not-carried", "instance", "with an area that is not that of the box: not stored"
        ),
        "crowd": Loss(
            "crowd-not-kept", "crowd", f"written as ordinary objects: {title} has no crowds"
        ),
        "attributes": Loss(
            "attributes-not-carried",
            "instance",
            f"with attributes that {title} cannot store ({{names}})",
        ),
        "flags": Loss(
            "image-attributes-not-carried",
            "image",
            f"with attributes that {title} cannot store ({{names}})",
        ),
        **key_losses(title),
        "unused": Loss(
            "classes-not-carried",
            "class",
            f"without instances: {title} stores only the classes of objects ({{names}})",
        ),
    }
    if own_outlines:
        del kinds["outlines"]
    return kinds


class ListedWriter(Writer[O]):
    """Writes one file a split into the folder of its images.

    Attributes:
        file: name of the file in that folder.
    """

    lists_images = True
    shares_files = True
    file: ClassVar[str]

    def image_path(self, split: str, file_name: str) -> str:
        """One folder for each split."""
        return f"{split}/{self.key(file_name).removeprefix(f'{split}/')}"

    def key(self, file_name: str) -> str:
        return below_images(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        if out.suffix.lower() in (".json", ".csv"):
            raise UsageError(f"{out} is a file, but the images go beside it: name a folder")
        return [out / split / self.file for split in splits]


class ListedWriting(Writing):
    """The files of one dataset.

    Attributes:
        losses: kinds of what the format cannot hold.
        own: name of the format.
        keeps_order: whether it holds all classes in order.
        begin, between, end: what stands around the entries of a file.
        said: findings on what is not written of the shard at hand.
        missing: what that is.
    """

    losses: ClassVar[Mapping[str, Loss]]
    own: ClassVar[str]
    keeps_order: ClassVar[bool] = False
    begin: bytes = b"[\n"
    between: bytes = b",\n"
    end: bytes = b"\n]\n"

    def __init__(self, plan: WritePlan, writer: ListedWriter[Any]) -> None:
        self.plan = plan
        self.writer = writer
        self.said: list[Finding] = []
        self.missing = LeftOut()

    @abstractmethod
    def entry(self, name: str, numbered: Numbered, losses: Losses) -> bytes:
        """What is written of an image; may be empty.

        Args:
            name: of the image, relative to the file.
            numbered: the image.
            losses: counts what cannot be written of its objects.
        """

    def fault(self, name: str, instance: Instance) -> str:
        """Why an object cannot be written, if so; `name` is that of its image."""
        return "" if all(map(math.isfinite, instance.box)) else "the box is not finite"

    def writable(self, name: str, image: Image) -> Iterator[Instance]:
        """The objects that can be written; the others are said."""
        for instance in image.instances:
            if fault := self.fault(name, instance):
                self.said.append(
                    code("object-not-written").at(
                        place_of(image, instance), fault, "fix or delete it", lost=instance.parts
                    )
                )
                self.missing.add(instance)
            else:
                yield instance

    def write(self, images: Iterable[Numbered]) -> Written:
        losses = Losses(self.losses)
        keys = KeyLosses(losses, own=self.own)
        pieces: dict[str, list[bytes]] = defaultdict(list)
        labels: set[str] = set()
        self.said, self.missing = [], LeftOut()
        for numbered in images:
            split, number, _, image = numbered
            self.missing.split = split
            keys.image(image)
            for instance in image.instances:
                labels.add(instance.label)
                keys.instance(instance)
            name = self.writer.image_path(split, image.file_name).removeprefix(f"{split}/")
            entry = self.entry(name, numbered, losses)
            pieces[split].append(self.between * (number > 1) + entry)
        streams = {f"split {split}": b"".join(found) for split, found in pieces.items()}
        streams[_LABELS] = msgspec.json.Encoder().encode_lines(sorted(labels))
        return Written(
            streams=streams,
            losses=losses.counts,
            findings=self.said,
            left_out=self.missing.counts,
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self.plan
        for split, path in zip(
            plan.splits, self.writer.targets(plan.stage, plan.splits), strict=True
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as out:
                out.write(self.begin)
                if stream := streams.get(f"split {split}"):
                    shutil.copyfileobj(stream, out, 1 << 20)
                out.write(self.end)
        total = Losses(self.losses, losses)
        KeyLosses(total, own=self.own).header(plan.header, plan.out)
        used = {msgspec.json.decode(line, type=str) for line in streams.get(_LABELS, ())}
        names = [category.name for category in plan.header.categories]
        for name in () if self.keeps_order else names:
            if name not in used:
                total.add("unused", Place(plan.out), names=[name], in_image=False)
        yield from total.findings()
        if not self.keeps_order:
            yield from class_order_not_carried(names, used, plan.out)


def count_box_losses(
    image: Image, instance: Instance, losses: Losses, held: Iterable[str] = ()
) -> None:
    """Count what a format that holds boxes cannot hold of an object.

    Args:
        image: of the object.
        instance: the object.
        losses: with the kinds of `losses_of`.
        held: attributes that are held.
    """
    place = place_of(image, instance)
    if instance.shape is not None:
        losses.add("outlines", place)
    elif geometry.has_own_area(instance, image.width, image.height):
        losses.add("area", place)
    count_mark_losses(image, instance, losses, held)


def count_mark_losses(
    image: Image, instance: Instance, losses: Losses, held: Iterable[str] = ()
) -> None:
    """Count the attributes and the crowd of an object; see `count_box_losses`."""
    place = place_of(image, instance)
    if instance.iscrowd:
        losses.add("crowd", place)
    names = [name for name in instance.attributes if name not in {*held}]
    if instance.difficult and "difficult" not in (*names, *held):
        names.append("difficult")
    if names:
        losses.add("attributes", place, names=names)
