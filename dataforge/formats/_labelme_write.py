"""Writing labelme JSON; see `dataforge.formats.labelme`.

``OUT/a/b.json`` beside ``OUT/a/b.jpg``, as labelme 5.4 to 6.3 write it and later ones read it.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge import geometry
from dataforge.errors import UsageError
from dataforge.fileio import stem
from dataforge.formats._base import Splits
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
        header: not needed, as each shape names its class.
        options: see `WriteOptions`.

    Raises:
        OSError: a file cannot be written.
    """
    writer = _Writer(out, options)
    for split, images in splits.items():
        for image in images:
            yield from writer.write_image(split, image)
    yield from writer.counted(list(splits))


class _Writer:
    def __init__(self, out: Path, options: WriteOptions) -> None:
        self.out = out
        self.options = options
        self.split_of: dict[str, str] = {}
        self.count: Counter[str] = Counter()
        self.first: dict[str, tuple[str, str]] = {}
        self.unknown_keys: Counter[str] = Counter()

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
            message=f"{name} is written for the split {other} already, with the same shapes: the "
            f"{lost} of {split} are not written again"
            if same
            else f"{name} is written for the split {other} already: {lost} shapes of {split} are "
            "not written",
            remedy="" if same else "rename one of the two images, or convert the splits apart",
            lost=lost,
        )

    def document(self, image: Image) -> dict[str, Any]:
        attributes = dict(image.attributes)
        flags = attributes.pop("flags") if isinstance(attributes.get("flags"), dict) else {}
        self.unknown_keys.update(image.extra.keys())
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
        return document | ({"attributes": attributes} if attributes else {})

    def shapes(self, image: Image) -> Iterator[dict[str, Any]]:
        """The shapes of an image; those of one instance have a group_id that no other has."""
        own = [_group_id(instance) for instance in image.instances]
        last = max((number for number in own if number is not None), default=0)
        used: set[tuple[str, int]] = set()
        for instance, number in zip(image.instances, own, strict=True):
            self.unknown_keys.update(instance.extra.keys() - {"bbox"})
            if instance.iscrowd:
                self.seen("crowd-not-kept", image, instance)
            parts = list(self.parts(image, instance))
            if number is not None and (instance.label, number) in used:
                self.seen("group-id-shared", image, instance)
                number = None
            if number is None and len(parts) > 1:
                number = last = max(last, 0) + 1
            if number is not None:
                used.add((instance.label, number))
            description, flags, more = _said(instance)
            for shape_type, points, mask in parts:
                yield {
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
                    self.seen("box-not-kept", image, instance)
                yield "mask", _points(corners), _png(pixels)
                return
            self.seen("empty-mask", image, instance)
        elif isinstance(instance.shape, Polygons) and instance.shape.rings:
            rings = instance.shape.rings
            box = geometry.ring_box(*rings)
            if box != instance.box:
                self.seen("box-not-kept", image, instance)
            if len(rings) > 1 or rings[0] != geometry.box_corners(box):
                for ring in rings:
                    yield "polygon", _points(ring), None
                return
        yield "rectangle", _points(instance.box), None

    def seen(self, code: str, image: Image, instance: Instance) -> None:
        """Remember an instance that does not fit; it is told at the end, with the number."""
        self.count[code] += 1
        self.first.setdefault(code, (image.source or image.file_name, instance.where))

    def counted(self, splits: Sequence[str]) -> Iterator[Finding]:
        for code, (severity, message) in _COUNTED.items():
            if self.count[code]:
                file, where = self.first[code]
                text = f"{message} ({self.count[code]} in all, the first here)"
                yield Finding(code=code, severity=severity, file=file, where=where, message=text)
        if self.unknown_keys:
            keys = ", ".join(f"{key} ({n})" for key, n in sorted(self.unknown_keys.items()))
            message = f"keys that only the source's format knows are not written: {keys}"
            yield Finding(
                code="keys-not-kept", severity="note", file=self.out.name, message=message
            )
        if len(splits) > 1:
            yield Finding(
                code="splits-not-kept",
                severity="note",
                file=self.out.name,
                message=f"labelme knows no splits: {', '.join(splits)} are in one folder",
                remedy="convert each split by itself if they are to stay apart",
            )


_COUNTED: dict[str, tuple[Severity, str]] = {
    "crowd-not-kept": ("note", "labelme does not know crowds: written as any other shape"),
    "group-id-shared": (
        "note",
        "another instance of the image has this label and group_id: written without group_id, as "
        "they would become one",
    ),
    "box-not-kept": ("note", "the box is not that of its outline: the outline alone is written"),
    "empty-mask": ("warning", "the mask marks no pixel: its box is written"),
}


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


def _said(instance: Instance) -> tuple[str, dict[str, bool], dict[str, Any]]:
    """(description, flags, other keys); labelme opens no file where the first two are amiss."""
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
    return description, flags, more | ({"attributes": nested | rest} if nested or rest else {})
