"""Writes Pascal VOC: the devkit's folders, one XML file per image, one list per split.

All splits share one folder of XML files, and may have images with the same name. Which one is first
is known when all shards are done: the files of later splits wait in a separate folder until then.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, Outlines, WritePlan, Writer, Writing, Written
from dataforge.formats.names import below_images
from dataforge.formats.tally import (
    KeyLosses,
    LeftOut,
    Loss,
    LossCount,
    Losses,
    key_losses,
    place_of,
)
from dataforge.formats.voc.corners import BOUNDS
from dataforge.formats.xml_spans import escaped
from dataforge.geometry import Coords, has_own_area, text_of_edges
from dataforge.io import parse_xml, stem, write_text
from dataforge.layouts import OWN_LAYOUT, CoordsChoice, Layout, to_toml
from dataforge.records import Image, Instance

_IMAGES, _ANNOTATIONS, _LISTS = "JPEGImages", "Annotations", "ImageSets/Main"
_WAITING = ".later-splits"

_LOSSES = {
    "outlines": Loss(
        "outlines-not-carried", "instance", "with a polygon or mask: written as boxes"
    ),
    "areas": Loss(
        "area-not-carried", "instance", "with an area that is not that of the box: not stored"
    ),
    "crowds": Loss(
        "crowd-as-difficult", "crowd", "written as difficult objects, which trainers also ignore"
    ),
    "attributes": Loss(
        "attributes-not-carried",
        "instance",
        "with attributes that VOC cannot store ({names})",
    ),
    "flags": Loss(
        "image-attributes-not-carried",
        "image",
        "with attributes that VOC cannot store ({names})",
    ),
    **key_losses("VOC"),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are written.


    Attributes:
        coords: coordinate convention (`dataforge.geometry.COORDS_OFFSETS`); `auto` is `voc`,
            which readers of the devkit's layout expect.
    """

    coords: Annotated[
        CoordsChoice,
        msgspec.Meta(
            description="Coordinate convention: voc (from 1), zero (from 0), mmdet (1 more on all "
            "four sides), or auto (detected; voc when written)."
        ),
    ] = "auto"


class VocWriter(Writer[WriteOptions]):
    """Writes the devkit's folders.

    A layout.toml is added, because the devkit's form states neither the coordinate convention nor
    the classes.
    """

    Options = WriteOptions
    lists_images = True

    def image_path(self, split: str, file_name: str) -> str:
        """One folder for all splits."""
        return f"{_IMAGES}/{below_images(file_name)}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in more than their extension."""
        return _id(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        return [out / _ANNOTATIONS, out / _LISTS.split("/")[0], out / OWN_LAYOUT]

    def outlines(self, options: WriteOptions) -> Outlines:
        return "none"

    def open(self, plan: WritePlan, options: WriteOptions) -> VocWriting:
        return VocWriting(plan, "voc" if options.coords == "auto" else options.coords)


def _id(file_name: str) -> str:
    return stem(below_images(file_name))


class VocWriting(Writing):
    """One dataset.

    The stream of the first split is its list; a line of the others is [file name, shapes, labels],
    as JSON.

    Args:
        plan: see `WritePlan`.
        coords: the coordinate convention.
    """

    def __init__(self, plan: WritePlan, coords: Coords) -> None:
        self.plan = plan
        self.coords = coords

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = _Shard(self.plan, self.coords)
        for numbered in images:
            shard.take(numbered.split, numbered.image)
        return Written(
            streams={split: b"".join(lines) for split, lines in shard.lines.items()},
            losses=shard.losses.counts,
            findings=shard.findings,
            left_out=shard.left_out.counts,
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self.plan
        (plan.stage / _LISTS).mkdir(parents=True, exist_ok=True)
        left_out = LeftOut()
        self.left_out = left_out.counts
        for number, split in enumerate(plan.splits):
            with (plan.stage / _list(split)).open("wb") as listed:
                if split not in streams:
                    continue
                if number == 0:
                    shutil.copyfileobj(streams[split], listed)
                else:
                    yield from self._join(number, streams[split], listed, left_out)
        shutil.rmtree(plan.stage / _WAITING, ignore_errors=True)
        layout = Layout(
            images=_IMAGES,
            annotations=_ANNOTATIONS,
            splits={split: _list(split) for split in plan.splits},
            coords=self.coords,
            classes=tuple(category.name for category in plan.header.categories),
        )
        write_text(plan.stage / OWN_LAYOUT, to_toml(layout))
        total = Losses(_LOSSES, losses)
        KeyLosses(total).header(plan.header, plan.out)
        yield from total.findings()

    def _join(
        self, number: int, stream: IO[bytes], listed: IO[bytes], left_out: LeftOut
    ) -> Iterator[Finding]:
        """Move the files of a later split to those of earlier ones, unless a name is taken."""
        for line in stream:
            file_name, shapes, labels = msgspec.json.decode(line, type=tuple[str, int, list[str]])
            id_ = _id(file_name)
            waiting = _xml_path(self.plan.stage, number, id_)
            target = _xml_path(self.plan.stage, 0, id_)
            if not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.replace(waiting, target)
            elif (owner := Path(target).read_bytes()) != Path(waiting).read_bytes():
                owned_by = _image_of(owner, target)
                yield _collision(file_name, owned_by, shapes)
                left_out.count(self.plan.splits[number], labels)
                if owned_by != below_images(file_name):
                    continue
            listed.write(id_.encode() + b"\n")


def _list(split: str) -> str:
    return f"{_LISTS}/{split}.txt"


def _xml_path(stage: Path, number: int, id_: str) -> str:
    """Where a shard writes an XML file of a split; those of the first split stay there."""
    folder = f"{_WAITING}/{number}" if number else _ANNOTATIONS
    return os.path.join(stage, folder, f"{id_}.xml")


def _image_of(xml: bytes, name: str) -> str:
    """The image of a written file, relative to the image folder."""
    element = parse_xml(xml, name)
    path = f"{element.findtext('folder')}/{element.findtext('filename')}"
    return path.removeprefix(f"{_IMAGES}/")


def _collision(file_name: str, owner: str, shapes: int) -> Finding:
    what = (
        f"{owner} of another split has the same name except for the extension"
        if owner != below_images(file_name)
        else "also in another split, with different objects"
    )
    return _not_written(
        file_name, "name-collision", f"{what}, and VOC has a single file for both", shapes
    )


def _not_written(file_name: str, name: str, why: str, shapes: int) -> Finding:
    return code(name).at(
        Place(file_name),
        f"{why}: {plural(shapes, 'shape')} not converted",
        "rename the image",
        lost=shapes,
        severity="error",
    )


class _Shard:
    """Writes the XML files of some images.

    Attributes:
        lines: split -> pieces of its stream.
        losses: what VOC cannot store of them.
        findings: on what is not written.
        left_out: what that is.
    """

    def __init__(self, plan: WritePlan, coords: Coords) -> None:
        self.lines: dict[str, list[bytes]] = defaultdict(list)
        self.losses = Losses(_LOSSES)
        self.findings: list[Finding] = []
        self.left_out = LeftOut()
        self._keys = KeyLosses(self.losses)
        self._stage = plan.stage
        self._coords = coords
        self._numbers = {split: number for number, split in enumerate(plan.splits)}
        self._folders: set[str] = set()

    def take(self, split: str, image: Image) -> None:
        """Write one image's file."""
        name = image.file_name
        self.left_out.split = split
        if not _fits_xml(name) or "\n" in name or "\r" in name:
            why = "the name has characters that XML or a list of ids cannot store"
            shapes = sum(instance.parts for instance in image.instances)
            self.findings.append(_not_written(name, "name-not-xml", why, shapes))
            self.left_out.add(*image.instances)
            return
        objects = [one for one in image.instances if self._can_be_written(image, one)]
        if image.attributes:
            self.losses.add("flags", place_of(image), names=image.attributes)
        self._keys.image(image)
        number, id_ = self._numbers[split], _id(name)
        path = _xml_path(self._stage, number, id_)
        folder = os.path.dirname(path)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        with open(path, "wb") as stream:
            stream.write(_xml(image, objects, self._coords).encode())
        shapes = sum(instance.parts for instance in objects)
        labels = [instance.label for instance in objects]
        line = msgspec.json.encode((name, shapes, labels)) if number else id_.encode()
        self.lines[split].append(line + b"\n")

    def _can_be_written(self, image: Image, instance: Instance) -> bool:
        """Whether an instance can be written; counts what of it is not carried."""
        place = place_of(image, instance)
        if fault := _fault(instance):
            self.findings.append(
                code("object-not-written").at(place, fault, "fix or delete it", lost=instance.parts)
            )
            self.left_out.add(instance)
            return False
        if instance.shape is not None:
            self.losses.add("outlines", place)
        elif has_own_area(instance, image.width, image.height):
            self.losses.add("areas", place)
        if instance.iscrowd:
            self.losses.add("crowds", place)
        if instance.attributes:
            unheld = [
                name
                for name, value in instance.attributes.items()
                if not _held(name, value) and (name, value) != ("difficult", instance.difficult)
            ]
            if unheld:
                self.losses.add("attributes", place, names=unheld)
        self._keys.instance(instance)
        return True


def _held(name: str, value: Any) -> bool:
    """Whether a VOC object can store an attribute."""
    if name == "pose":
        return isinstance(value, str) and value.strip() != "" and _fits_xml(value)
    return name in ("truncated", "occluded") and value in (True, False)


def _fault(instance: Instance) -> str:
    """Why an instance cannot be written, if so."""
    if not _fits_xml(instance.label):
        return f"the label {instance.label!r} has characters that XML cannot store"
    if not all(map(math.isfinite, instance.box)):
        return f"the box of {instance.label!r} is not finite"
    return ""


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _fits_xml(text: str) -> bool:
    """Whether XML 1.0 can store the text: no control characters, no lone surrogates."""
    return _NOT_XML.search(text) is None


def _xml(image: Image, objects: Sequence[Instance], coords: Coords) -> str:
    folder, _, name = f"{_IMAGES}/{below_images(image.file_name)}".rpartition("/")
    return (
        "<annotation>\n"
        f"  <folder>{escaped(folder)}</folder>\n"
        f"  <filename>{escaped(name)}</filename>\n"
        "  <size>\n"
        f"    <width>{image.width}</width>\n"
        f"    <height>{image.height}</height>\n"
        "    <depth>3</depth>\n"
        "  </size>\n"
        "  <segmented>0</segmented>\n"
        + "".join(_object(instance, coords) for instance in objects)
        + "</annotation>\n"
    )


def _object(instance: Instance, coords: Coords) -> str:
    held = {name: value for name, value in instance.attributes.items() if _held(name, value)}
    fields = {
        "name": escaped(instance.label),
        "pose": escaped(held.get("pose", "Unspecified")),
        "truncated": int(held.get("truncated", False)),
    }
    if "occluded" in held:
        fields["occluded"] = int(held["occluded"])
    # Crowds are not trained on, and neither are difficult objects in VOC.
    fields["difficult"] = int(instance.difficult or instance.iscrowd)
    inner = "".join(f"    <{tag}>{text}</{tag}>\n" for tag, text in fields.items())
    corners = zip(BOUNDS, text_of_edges(instance.box, coords), strict=True)
    box = "".join(f"      <{tag}>{text}</{tag}>\n" for tag, text in corners)
    return f"  <object>\n{inner}    <bndbox>\n{box}    </bndbox>\n  </object>\n"
