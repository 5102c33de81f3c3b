"""Writes labelme JSON; see `dataforge.formats.labelme.read`.

``OUT/a/b.json`` beside ``OUT/a/b.jpg``, as labelme 5.4 to 6.3 write it and later ones read it.

labelme has no splits: all of them are written to one tree, and an image that is in two splits is
written for the first. Shards of the second split do not know what those of the first write, so
their files wait in separate folders until all are written.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import UsageError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writer, Writing, Written
from dataforge.formats.labelme.dots import POINT_LOSSES, Dots
from dataforge.formats.tally import (
    KeyLosses,
    LeftOut,
    Loss,
    LossCount,
    Losses,
    class_order_not_carried,
    key_losses,
)
from dataforge.io import is_too_long, stem
from dataforge.records import Image, Instance, Mask, Polygons, Ring

_VERSION = "5.4.1"
_LABELS, _WAITING = "labels", "waiting"
_LOSSES = {
    "crowd": Loss("crowd-not-kept", "crowd", "written as ordinary shapes: labelme has no crowds"),
    "shared": Loss(
        "group-id-shared",
        "instance",
        "with the label and group_id of another one in the same image: written without "
        "group_id, because the two would become one",
    ),
    "box": Loss(
        "box-not-kept",
        "instance",
        "with a box that is not the bounding box of the polygon or mask: not stored",
    ),
    "empty": Loss("empty-mask", "mask", "without pixels: the box is written"),
    "large": Loss("shape-too-large", "mask", "too large for an image: the box is written"),
    "no outline": Loss(
        "boxes-as-outlines",
        "instance",
        "with only a box: labelme's rectangle is also read as a polygon",
    ),
    "area": Loss(
        "area-not-carried",
        "instance",
        "with an area that is not that of the box, polygon or mask: not stored",
    ),
    "moved": Loss(
        "attributes-moved",
        "instance",
        "with attributes that labelme does not know: moved into one called attributes ({names})",
    ),
    **key_losses("labelme"),
    **POINT_LOSSES,
    "unused": Loss(
        "classes-not-carried",
        "class",
        "without instances: labelme stores only the classes of shapes ({names})",
    ),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labelme files are written: there are no options."""


class LabelmeWriter(Writer[WriteOptions]):
    """Writes one JSON file per image, all splits in one tree."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        return file_name

    def key(self, file_name: str) -> str:
        return stem(file_name)

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        # No whole folder: the output folder may well be the one that contains the images.
        if out.suffix.lower() == ".json":
            raise UsageError(f"{out} is a file, but labelme writes one per image: name a folder")
        return []

    def open(self, plan: WritePlan, options: WriteOptions) -> LabelmeWriting:
        return LabelmeWriting(plan)


class _Waiting(msgspec.Struct, array_like=True):
    """A file of a later split, until it is known whether an earlier one has it.

    Attributes:
        split: of its image.
        name: of the file.
        place: of the image in its source.
        shapes: number of shapes in it.
        labels: of its instances.
    """

    split: str
    name: str
    place: Place
    shapes: int
    labels: list[str]


class LabelmeWriting(Writing):
    """One folder of labelme files while it is being written."""

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan

    def _folder(self, split: str) -> Path:
        """The folder that a split's files are written to, before later splits are moved."""
        at = self._plan.splits.index(split)
        return self._plan.stage / f".split-{at}" if at else self._plan.stage

    def write(self, images: Iterable[Numbered]) -> Written:
        losses = Losses(_LOSSES)
        documents = _Documents(self._plan, losses)
        waiting: list[_Waiting] = []
        made: set[Path] = set()
        findings: list[Finding] = []
        left_out = LeftOut()
        for split, _, _, image in images:
            left_out.split = split
            name = f"{stem(image.file_name)}.json"
            if is_too_long(name):
                findings.append(_too_long(image))
                left_out.add(*image.instances)
                continue
            data = msgspec.json.encode(documents.of(image))
            path = self._folder(split) / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            path.write_bytes(msgspec.json.format(data, indent=2) + b"\n")
            if split != self._plan.splits[0]:
                shapes = sum(instance.parts for instance in image.instances)
                labels = [instance.label for instance in image.instances]
                waiting.append(_Waiting(split, name, image.place, shapes, labels))
        encode = msgspec.json.Encoder().encode_lines
        streams = {_LABELS: encode(sorted(documents.labels)), _WAITING: encode(waiting)}
        return Written(
            streams=streams, losses=losses.counts, findings=findings, left_out=left_out.counts
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        if _WAITING in streams:
            yield from self._put_in_place(streams[_WAITING])
        plan = self._plan
        used = {msgspec.json.decode(line, type=str) for line in streams.get(_LABELS, ())}
        names = [category.name for category in plan.header.categories]
        total = Losses(_LOSSES, losses)
        KeyLosses(total, own="labelme").header(plan.header, plan.out)
        for name in names:
            if name not in used:
                total.add("unused", Place(plan.out), names=[name], in_image=False)
        yield from total.findings()
        yield from class_order_not_carried(names, used, plan.out)
        if len(plan.splits) > 1:
            yield code("splits-not-kept").at(
                Place(plan.out),
                f"labelme has no splits: {', '.join(plan.splits)} are written to one folder",
                "convert each split separately to keep them apart",
            )

    def _put_in_place(self, lines: Iterable[bytes]) -> Iterator[Finding]:
        """Move the files of later splits to those of the first, except those that it has."""
        written: dict[str, str] = {}
        left_out = LeftOut()
        self.left_out = left_out.counts
        for line in lines:
            file = msgspec.json.decode(line, type=_Waiting)
            path, target = self._folder(file.split) / file.name, self._plan.stage / file.name
            if target.exists():
                other = written.get(file.name, self._plan.splits[0])
                left_out.count(file.split, file.labels)
                yield _twice(file, other, same=path.read_bytes() == target.read_bytes())
                continue
            written[file.name] = file.split
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        for split in self._plan.splits[1:]:
            shutil.rmtree(self._folder(split), ignore_errors=True)


def _too_long(image: Image) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return code("name-too-long").at(
        image.place,
        f"the name of its file would be longer than any file can have: {plural(lost, 'shape')} "
        "not written",
        "rename the image",
        lost=lost,
    )


def _twice(file: _Waiting, other: str, *, same: bool) -> Finding:
    """The finding on a file that another split already has."""
    already = f"{file.name} is already written for the split {other}"
    lost = plural(file.shapes, "shape")
    if same:
        return code("image-in-several-splits").at(
            file.place,
            f"{already} with the same shapes: {lost} of {file.split} not written again",
            lost=file.shapes,
        )
    return code("name-collision").at(
        file.place,
        f"{already}: {lost} of {file.split} not written",
        "rename one of the two images, or convert each split separately",
        lost=file.shapes,
        severity="error",
    )


class _Documents:
    """Makes labelme files, and counts what they cannot store.

    Attributes:
        labels: of all shapes.
    """

    def __init__(self, plan: WritePlan, losses: Losses) -> None:
        self._image_folder = plan.image_folder
        self._names = {one.name: one.keypoints for one in plan.header.categories}
        self._losses = losses
        self._keys = KeyLosses(losses, own="labelme", keypoints=True)
        self.labels: set[str] = set()

    def of(self, image: Image) -> dict[str, Any]:
        """The file of an image."""
        attributes = dict(image.attributes)
        flags = attributes.pop("flags") if isinstance(attributes.get("flags"), dict) else {}
        self._keys.image(image)
        folder, _, name = image.file_name.rpartition("/")
        if self._image_folder:
            up = "../" * len(folder.split("/")) if folder else ""
            name = f"{up}{self._image_folder}/{image.file_name}"
        document = {
            "version": _VERSION,
            "flags": flags,
            "shapes": list(self._shapes(image)),
            "imagePath": name,
            "imageData": None,
            "imageHeight": image.height,
            "imageWidth": image.width,
        }
        own = image.extra.get("labelme", {})
        return own | document | ({"attributes": attributes} if attributes else {})

    def _shapes(self, image: Image) -> Iterator[dict[str, Any]]:
        """The shapes of an image; those of one instance share a unique group_id."""
        own = [_group_id(instance) for instance in image.instances]
        last = max((number for number in own if number is not None), default=0)
        times = Counter(own)
        used: set[tuple[str, int]] = set()
        for instance, number in zip(image.instances, own, strict=True):
            self.labels.add(instance.label)
            self._count(image, instance)
            parts = list(self._parts(instance))
            dots = Dots(instance, self._names.get(instance.label, ()), self._losses)
            if dots and number is not None and times[number] > 1:
                self._losses.add("own group", instance.place)
                number = None
            if number is not None and (instance.label, number) in used:
                self._losses.add("shared", instance.place)
                number = None
            if number is None and (len(parts) > 1 or dots):
                number = last = max(last, 0) + 1
            if number is not None:
                used.add((instance.label, number))
            description, flags, more, moved = _keys(instance)
            if moved:
                self._losses.add("moved", instance.place, names=moved)
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
            yield from dots(number)

    def _count(self, image: Image, instance: Instance) -> None:
        self._keys.instance(instance)
        if instance.iscrowd:
            self._losses.add("crowd", instance.place)
        if geometry.has_own_area(instance, image.width, image.height):
            self._losses.add("area", instance.place)

    def _parts(
        self, instance: Instance
    ) -> Iterator[tuple[str, list[tuple[float, float]], str | None]]:
        """(shape_type, points, mask) of each shape of an instance."""
        if isinstance(instance.shape, Mask):
            try:
                found = geometry.mask_crop(instance.shape)
            except geometry.TooLargeError:
                self._losses.add("large", instance.place)
                yield "rectangle", _points(instance.box), None
                return
            if found is not None:
                pixels, corners = found
                if geometry.mask_box(instance.shape) != instance.box:
                    self._losses.add("box", instance.place)
                yield "mask", _points(corners), _png(pixels)
                return
            self._losses.add("empty", instance.place)
        elif isinstance(instance.shape, Polygons) and instance.shape.rings:
            rings = instance.shape.rings
            box = geometry.ring_box(*rings)
            if box != instance.box:
                self._losses.add("box", instance.place)
            if len(rings) == 1 and rings[0] == geometry.box_corners(box):
                yield "rectangle", _points(box), None
                return
            for ring in rings:
                yield "polygon", _points(ring), None
            return
        else:
            self._losses.add("no outline", instance.place)
        yield "rectangle", _points(instance.box), None


def _points(flat: Ring | Iterable[float]) -> list[tuple[float, float]]:
    return geometry.points_of([*map(float, flat)])


def _png(pixels: Any) -> str:
    from PIL import Image as PILImage

    stream = io.BytesIO()
    PILImage.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _group_id(instance: Instance) -> int | None:
    """The group_id of the source; labelme allows only integers."""
    number = instance.attributes.get("group_id")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _keys(instance: Instance) -> tuple[str, dict[str, bool], dict[str, Any], list[str]]:
    """(description, flags, other keys of the shape, attributes that are moved into these).

    labelme cannot open a file in which the first two are invalid.
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
