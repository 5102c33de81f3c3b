"""Writing labelme JSON; see `dataforge.formats.labelme.read`.

``OUT/a/b.json`` beside ``OUT/a/b.jpg``, as labelme 5.4 to 6.3 write it and later ones read it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge import geometry
from dataforge.errors import UsageError, plural
from dataforge.formats.base import Splits
from dataforge.formats.tally import KeysTally, Tally
from dataforge.io import stem
from dataforge.records import Finding, Header, Image, Instance, Mask, Polygons, Ring, Severity

IMAGES: Literal["reference", "copy"] = "copy"
_VERSION = "5.4.1"


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labelme files are written.

    Attributes:
        image_folder: where images that are not placed in the output are, as a POSIX path from the
            output folder; empty where they are beside the JSON.
    """

    image_folder: str = ""


def image_path(split: str, file_name: str) -> str:
    """Where an image goes, relative to the output folder: labelme knows no splits."""
    return file_name


def key(file_name: str) -> str:
    """Two images of one split differ without their extension, as their JSON files do."""
    return stem(file_name)


def targets(out: Path, splits: Sequence[str]) -> list[Path]:
    """Nothing as a whole: the output folder may well be the one that the images are in.

    Raises:
        UsageError: `out` is a file.
    """
    if out.suffix.lower() == ".json":
        raise UsageError(f"{out} is a file, but labelme has one for each image: name a folder")
    return []


def write(out: Path, splits: Splits, header: Header, options: WriteOptions) -> Iterator[Finding]:
    """Write one JSON file per image, all splits in one tree; yields what labelme cannot carry.

    Args:
        out: folder.
        splits: name -> images; each stream is gone through once.
        header: its categories are the classes in order.
        options: see `WriteOptions`.

    Raises:
        OSError: a file cannot be written.
    """
    writer = _Writer(out, options)
    for split, images in splits.items():
        for image in images:
            yield from writer.write_image(split, image)
    writer.keys.header(header, out.name)
    yield from writer.counted(list(splits), header)


class _Writer:
    def __init__(self, out: Path, options: WriteOptions) -> None:
        self.out = out
        self.options = options
        self.split_of: dict[str, str] = {}
        self.used: set[str] = set()
        self.crowds = Tally(
            "crowd-not-kept", "note", "crowd", "written as any shape: labelme knows no crowds"
        )
        self.shared = Tally(
            "group-id-shared",
            "note",
            "instance",
            "with the label and group_id of another one of the same image: written without "
            "group_id, as the two would become one",
        )
        self.unlike = Tally(
            "box-not-kept",
            "note",
            "instance",
            "with a box that is not that of the outline: the outline is written",
        )
        self.empty = Tally("empty-mask", "warning", "mask", "without a pixel: the box is written")
        self.boxes = Tally(
            "boxes-as-outlines",
            "note",
            "instance",
            "with a box alone: labelme's rectangle is read as an outline, too",
        )
        self.areas = Tally(
            "area-not-carried",
            "note",
            "instance",
            "with an area that is not that of the box or outline: labelme has that alone",
        )
        self.moved = Tally(
            "attributes-moved",
            "note",
            "instance",
            "with attributes that labelme does not know: put inside one that is called attributes "
            "({names})",
        )
        self.keys = KeysTally("labelme", own="labelme")

    def write_image(self, split: str, image: Image) -> Iterator[Finding]:
        name = f"{stem(image.file_name)}.json"
        data = msgspec.json.format(msgspec.json.encode(self.document(image)), indent=2) + b"\n"
        target = self.out / name
        if name not in self.split_of:
            self.split_of[name] = split
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            return
        other, lost = self.split_of[name], sum(instance.parts for instance in image.instances)
        same = target.read_bytes() == data
        severity: Severity = "note" if same else "error"
        yield Finding(
            code="image-in-several-splits" if same else "name-collision",
            severity=severity,
            file=image.source or image.file_name,
            where=image.where,
            message=f"{name} is written for the split {other} already, with the same shapes: "
            f"{plural(lost, 'shape')} of {split} not written again"
            if same
            else f"{name} is written for the split {other} already: {plural(lost, 'shape')} of "
            f"{split} not written",
            remedy="" if same else "rename one of the two images, or convert the splits apart",
            lost=lost,
        )

    def document(self, image: Image) -> dict[str, Any]:
        attributes = dict(image.attributes)
        flags = attributes.pop("flags") if isinstance(attributes.get("flags"), dict) else {}
        self.keys.image(image)
        folder, _, name = image.file_name.rpartition("/")
        if self.options.image_folder:
            up = "../" * len(folder.split("/")) if folder else ""
            name = f"{up}{self.options.image_folder}/{image.file_name}"
        document = {
            "version": _VERSION,
            "flags": flags,
            "shapes": list(self.shapes(image)),
            "imagePath": name,
            "imageData": None,
            "imageHeight": image.height,
            "imageWidth": image.width,
        }
        own = image.extra.get("labelme", {})
        return own | document | ({"attributes": attributes} if attributes else {})

    def shapes(self, image: Image) -> Iterator[dict[str, Any]]:
        """The shapes of an image; those of one instance have a group_id that no other has."""
        own = [_group_id(instance) for instance in image.instances]
        last = max((number for number in own if number is not None), default=0)
        used: set[tuple[str, int]] = set()
        for instance, number in zip(image.instances, own, strict=True):
            self.used.add(instance.label)
            self.keys.instance(image, instance)
            if instance.iscrowd:
                self.crowds.add(image, instance.where)
            if geometry.has_own_area(instance, image.width, image.height):
                self.areas.add(image, instance.where)
            parts = list(self.parts(image, instance))
            if number is not None and (instance.label, number) in used:
                self.shared.add(image, instance.where)
                number = None
            if number is None and len(parts) > 1:
                number = last = max(last, 0) + 1
            if number is not None:
                used.add((instance.label, number))
            description, flags, more, moved = _said(instance)
            if moved:
                self.moved.add(image, instance.where, moved)
            for shape_type, points, mask in parts:
                yield instance.extra.get("labelme", {}) | {
                    "label": instance.label,
                    "points": points,
                    "group_id": number,
                    "description": description,
                    "shape_type": shape_type,
                    "flags": flags,
                    "mask": mask,
                    **more,
                }

    def parts(
        self, image: Image, instance: Instance
    ) -> Iterator[tuple[str, list[tuple[float, float]], str | None]]:
        """(shape_type, points, mask) of each shape that an instance is made of."""
        if isinstance(instance.shape, Mask):
            found = geometry.mask_crop(instance.shape)
            if found is not None:
                pixels, corners = found
                if geometry.mask_box(instance.shape) != instance.box:
                    self.unlike.add(image, instance.where)
                yield "mask", _points(corners), _png(pixels)
                return
            self.empty.add(image, instance.where)
        elif isinstance(instance.shape, Polygons) and instance.shape.rings:
            rings = instance.shape.rings
            box = geometry.ring_box(*rings)
            if box != instance.box:
                self.unlike.add(image, instance.where)
            if len(rings) == 1 and rings[0] == geometry.box_corners(box):
                yield "rectangle", _points(box), None
                return
            for ring in rings:
                yield "polygon", _points(ring), None
            return
        else:
            self.boxes.add(image, instance.where)
        yield "rectangle", _points(instance.box), None

    def counted(self, splits: Sequence[str], header: Header) -> Iterator[Finding]:
        """One finding for each kind of thing that is not carried over."""
        for tally in (
            self.crowds, self.shared, self.unlike, self.empty, self.boxes, self.areas,
            self.moved, self.keys,
        ):  # fmt: skip
            yield from tally.findings()
        yield from self.classes(header)
        if len(splits) > 1:
            yield Finding(
                code="splits-not-kept",
                severity="note",
                file=self.out.name,
                message=f"labelme knows no splits: {', '.join(splits)} are in one folder",
                remedy="convert each split by itself if they are to stay apart",
            )

    def classes(self, header: Header) -> Iterator[Finding]:
        """What is lost of the classes, when all shapes are written: labelme has no list of them."""
        names = [category.name for category in header.categories]
        unused = Tally(
            "classes-not-carried",
            "note",
            "class",
            "with nothing marked: labelme names those of its shapes alone ({names})",
        )
        for name in names:
            if name not in self.used:
                unused.add(self.out.name, names=[name])
        yield from unused.findings()
        kept = [name for name in names if name in self.used]
        if kept != sorted(kept):
            yield Finding(
                code="class-order-not-carried",
                severity="note",
                file=self.out.name,
                message=f"{len(kept)} classes lose their order, as labelme lists none: they are "
                f"read back as {', '.join(sorted(kept)[:5])}{', ...' * (len(kept) > 5)}",
                remedy="a list of them, by --labels, gives it again where the files are read",
            )


def _points(flat: Ring | Iterable[float]) -> list[tuple[float, float]]:
    values = [float(value) for value in flat]
    return list(zip(values[0::2], values[1::2], strict=True))


def _png(pixels: Any) -> str:
    from PIL import Image as PILImage

    stream = io.BytesIO()
    PILImage.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _group_id(instance: Instance) -> int | None:
    """The group_id that an annotator gave; labelme has whole numbers alone."""
    number = instance.attributes.get("group_id")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _said(instance: Instance) -> tuple[str, dict[str, bool], dict[str, Any], list[str]]:
    """(description, flags, other keys of the shape, attributes that are put into one of these).

    labelme opens no file where the first two are amiss.
    """
    rest = dict(instance.attributes)
    if _group_id(instance) is not None:
        del rest["group_id"]
    description = rest.pop("description") if isinstance(rest.get("description"), str) else ""
    flags = rest.get("flags")
    if isinstance(flags, dict) and all(isinstance(value, bool) for value in flags.values()):
        del rest["flags"]
    else:
        flags = {}
    more = {"score": rest.pop("score")} if "score" in rest else {}
    if instance.difficult:
        more["difficult"] = True
        if rest.get("difficult") in (True, 1):
            del rest["difficult"]
    nested = rest.pop("attributes") if isinstance(rest.get("attributes"), dict) else {}
    more |= {"attributes": nested | rest} if nested or rest else {}
    return description, flags, more, [*rest]
