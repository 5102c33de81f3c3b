"""Writes CVAT XML for images: a file for each split, and the images below images/.

Datumaro and CVAT look for an image in ``images/`` beside the file, by the name that it has there.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import UsageError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writer, Writing, Written
from dataforge.formats.cvat.attributes import CROWD, DIFFICULT, type_of
from dataforge.formats.cvat.attributes import Written as Taken
from dataforge.formats.cvat.outlines import element_of
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
from dataforge.records import Image, Instance, Mask

_TYPES, _COUNT = "types", "count "
"""Streams: [label, attribute, type] of attributes; and a byte for each image of a split."""

_LOSSES = {
    "joined": Loss(
        "outlines-as-masks",
        "instance",
        "with several polygons: written as a mask, as CVAT has one outline for each object",
    ),
    "box": Loss(
        "box-not-kept",
        "instance",
        "with a box that is not the bounding box of the polygon or mask: not stored",
    ),
    "empty": Loss("empty-mask", "mask", "without pixels: the box is written"),
    "large": Loss("shape-too-large", "outline", "too large for an image: the box is written"),
    "area": Loss(
        "area-not-carried",
        "instance",
        "with an area that is not that of the box, polygon or mask: not stored",
    ),
    "attributes": Loss(
        "attributes-not-carried", "instance", "with attributes that CVAT cannot store ({names})"
    ),
    "flags": Loss(
        "image-attributes-not-carried",
        "image",
        "with attributes that CVAT cannot store ({names})",
    ),
    **key_losses("CVAT"),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are written: there are no options."""


class CvatWriter(Writer[WriteOptions]):
    """Writes one XML file per split."""

    Options = WriteOptions
    lists_images = True
    shares_files = True

    def image_path(self, split: str, file_name: str) -> str:
        return f"images/{_name(split, file_name)}"

    def key(self, file_name: str) -> str:
        return below_images(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        if out.suffix.lower() == ".json":
            raise UsageError(f"{out} is JSON, but CVAT's files are XML: name a folder")
        return [out / _file(split) for split in splits]

    def open(self, plan: WritePlan, options: WriteOptions) -> CvatWriting:
        return CvatWriting(plan)


def _file(split: str) -> str:
    return "annotations.xml" if split == "all" else f"{split}.xml"


def _name(split: str, file_name: str) -> str:
    """The name of an image in its file; what was read from a split's folder goes back there."""
    name = below_images(file_name)
    return name if split == "all" else f"{split}/{name.removeprefix(f'{split}/')}"


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;",
            "\r": "&#13;"}  # fmt: skip
_SPECIAL = re.compile('[&<>"\t\n\r]')


def _fits(text: str) -> bool:
    """Whether XML 1.0 can store the text."""
    return _NOT_XML.search(text) is None


def _escaped(text: str) -> str:
    """Text as an attribute's value or an element's content."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)


class CvatWriting(Writing):
    """One dataset while it is being written; the stream of a split has its <image> elements."""

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = _Shard()
        for numbered in images:
            shard.take(numbered)
        encode = msgspec.json.Encoder().encode_lines
        streams = {split: "".join(parts).encode() for split, parts in shard.parts.items()}
        streams |= {_COUNT + split: b"." * len(parts) for split, parts in shard.parts.items()}
        streams[_TYPES] = encode(sorted(shard.types))
        return Written(
            streams=streams,
            losses=shard.losses.counts,
            findings=shard.findings,
            left_out=shard.left_out.counts,
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self._plan
        total = Losses(_LOSSES, losses)
        KeyLosses(total).header(plan.header, plan.out)
        yield from total.findings()
        labels = [category.name for category in plan.header.categories]
        for label in filter(lambda one: not _fits(one), labels):
            yield code("name-not-xml").at(
                Place(plan.out), f"the class {label!r} has characters that XML cannot store", ""
            )
        types: dict[str, dict[str, str]] = {label: {} for label in filter(_fits, labels)}
        lines = sorted({*streams.get(_TYPES, ())})
        for label, name, type_ in map(msgspec.json.Decoder(tuple[str, str, str]).decode, lines):
            own = types.setdefault(label, {})
            own[name] = type_ if own.get(name, type_) == type_ else "text"
        for split in plan.splits:
            count = streams[_COUNT + split].seek(0, 2) if _COUNT + split in streams else 0
            with (plan.stage / _file(split)).open("wb") as file:
                file.write(_head(split, types, count).encode())
                if split in streams:
                    shutil.copyfileobj(streams[split], file)
                file.write(b"</annotations>\n")


def _head(split: str, types: Mapping[str, Mapping[str, str]], count: int) -> str:
    """A file up to its images."""
    subset = "" if split == "all" else f"      <subset>{_escaped(split)}</subset>\n"
    return (
        # Without an encoding, which is UTF-8 then: labelformat refuses a text that declares one.
        '<?xml version="1.0"?>\n<annotations>\n  <version>1.1</version>\n'
        "  <meta>\n    <task>\n"
        f"      <name>{_escaped(split)}</name>\n      <size>{count}</size>\n"
        "      <mode>annotation</mode>\n      <start_frame>0</start_frame>\n"
        f"      <stop_frame>{max(count - 1, 0)}</stop_frame>\n{subset}      <labels>\n"
        + "".join(_label(name, own) for name, own in types.items())
        + "      </labels>\n    </task>\n  </meta>\n"
    )


def _label(name: str, attributes: Mapping[str, str]) -> str:
    inner = "".join(
        "            <attribute>\n"
        f"              <name>{_escaped(attribute)}</name>\n"
        "              <mutable>False</mutable>\n"
        f"              <input_type>{type_}</input_type>\n"
        "              <default_value></default_value>\n              <values></values>\n"
        "            </attribute>\n"
        for attribute, type_ in attributes.items()
    )
    return (
        f"        <label>\n          <name>{_escaped(name)}</name>\n"
        f"          <attributes>\n{inner}          </attributes>\n        </label>\n"
    )


class _Shard:
    """Makes the elements of some images.

    Attributes:
        parts: split -> elements.
        types: (label, attribute, input type) of attributes.
        losses: what CVAT cannot store of them.
        findings: on what is not written.
        left_out: what that is.
    """

    def __init__(self) -> None:
        self.parts: dict[str, list[str]] = {}
        self.types: set[tuple[str, str, str]] = set()
        self.losses = Losses(_LOSSES)
        self.findings: list[Finding] = []
        self.left_out = LeftOut()
        self._keys = KeyLosses(self.losses, own="cvat")

    def take(self, numbered: Numbered) -> None:
        """Make one image's element."""
        split, number, _, image = numbered
        parts = self.parts.setdefault(split, [])
        name = _name(split, image.file_name)
        self.left_out.split = split
        if not _fits(name):
            self.left_out.add(*image.instances)
            lost = sum(instance.parts for instance in image.instances)
            self.findings.append(
                code("name-not-xml").at(
                    Place(image.file_name),
                    "the name has characters that XML cannot store: "
                    f"{plural(lost, 'shape')} not converted",
                    "rename the image",
                    lost=lost,
                    severity="error",
                )
            )
            return
        subset = "" if split == "all" else f' subset="{_escaped(split)}"'
        tags = image.attributes.get("tags")
        held = isinstance(tags, list) and all(isinstance(tag, str) and _fits(tag) for tag in tags)
        if unheld := [key for key in image.attributes if key != "tags" or not held]:
            self.losses.add("flags", place_of(image), names=unheld)
        self._keys.image(image)
        parts.append(
            f'  <image id="{number - 1}" name="{_escaped(name)}"{subset} width="{image.width}" '
            f'height="{image.height}">\n'
            + "".join(f'    <tag label="{_escaped(tag)}" source="manual">\n    </tag>\n'
                      for tag in (tags or []) if held)
            + "".join(self._element(image, instance) for instance in image.instances)
            + "  </image>\n"
        )  # fmt: skip

    def _element(self, image: Image, instance: Instance) -> str:
        """The element of an instance; empty if it has none."""
        place = place_of(image, instance)
        if fault := _fault(instance):
            found = code("object-not-written")
            self.findings.append(found.at(place, fault, "fix or delete it", lost=instance.parts))
            self.left_out.add(instance)
            return ""
        size = image.width, image.height
        tag, shape, losses = element_of(instance, size)
        for loss in losses:
            self.losses.add(loss, place)
        is_kept = tag != "mask" or isinstance(instance.shape, Mask)
        if is_kept and geometry.has_own_area(instance, *size):
            self.losses.add("area", place)
        self._keys.instance(instance)
        marks = {DIFFICULT: instance.difficult, CROWD: instance.iscrowd}
        given = dict(instance.attributes)
        given |= {name: True for name, is_set in marks.items() if is_set}
        taken = Taken(given)
        texts = [(name, text) for name, text in taken.texts() if _fits(name) and _fits(text)]
        if unheld := [*taken.unheld, *({*taken} - {name for name, _ in texts})]:
            self.losses.add("attributes", place, names=sorted(unheld))
        self.types.update((instance.label, name, type_of(taken[name])) for name, _ in texts)
        flags = {"source": "manual", "occluded": "0"} | taken.flags
        flags = {name: text for name, text in flags.items() if _fits(text)}
        every: dict[str, Any] = {"label": instance.label} | flags | shape
        written = "".join(f' {name}="{_escaped(str(text))}"' for name, text in every.items())
        inner = "".join(
            f'      <attribute name="{_escaped(name)}">{_escaped(text)}</attribute>\n'
            for name, text in texts
        )
        return f"    <{tag}{written}>\n{inner}    </{tag}>\n"


def _fault(instance: Instance) -> str:
    """Why an instance cannot be written, if so."""
    if not _fits(instance.label) or not instance.label.strip():
        return f"the label {instance.label!r} has characters that XML cannot store"
    if not all(map(math.isfinite, instance.box)):
        return f"the box of {instance.label!r} is not finite"
    return ""
