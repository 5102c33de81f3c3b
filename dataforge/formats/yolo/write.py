"""Writes the tree that Ultralytics trains on: data.yaml, images/SPLIT/, labels/SPLIT/.

Two images of a split have the same label file if one is read from ``a.jpg`` and the other from
``images/SPLIT/a.jpg``. Which one is first is known when all shards are done: if the file already
exists, the new one waits in a separate folder until then.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, Outlines, WritePlan, Writer, Writing, Written
from dataforge.formats.json_spans import number
from dataforge.formats.names import below_images
from dataforge.formats.tally import KeyLosses, Loss, LossCount, Losses, key_losses, place_of
from dataforge.formats.yolo import outlines
from dataforge.formats.yolo.dataset_yaml import quoted
from dataforge.formats.yolo.paths import label_path
from dataforge.io import stem, write_text
from dataforge.records import Box, Image, Instance, Polygons, Ring

_TOLERANCE = 1e-6
"""Share of the image size by which a box may extend because floats are not exact."""

_FILES, _TWICE = "files", "twice"
_WAITING = ".waiting"

_LOSSES = {
    "outlines": Loss(
        "outlines-not-carried",
        "instance",
        "with a polygon or mask: written as boxes",
        "write polygons with --segments",
    ),
    "areas": Loss(
        "area-not-carried",
        "instance",
        "with an area that is not that of the box or polygon: not stored",
    ),
    "bridged": Loss(
        "rings-joined",
        "instance",
        "with several polygons: joined by thin bridges, or merged if they overlap",
    ),
    "boxes": Loss(
        "boxes-as-outlines",
        "instance",
        "with only a box: its corners are written",
    ),
    "unlike": Loss(
        "box-not-kept",
        "instance",
        "with a box that is not the bounding box of the polygon: not stored",
    ),
    "clipped": Loss(
        "clipped-to-image",
        "instance",
        "extending beyond the image: clipped to it, as Ultralytics requires",
    ),
    "crowds": Loss("crowds-left-out", "crowd", "skipped: YOLO has no crowds"),
    "attributes": Loss(
        "attributes-not-carried",
        "instance",
        "with attributes that YOLO cannot store ({names})",
    ),
    "flags": Loss(
        "image-attributes-not-carried",
        "image",
        "with attributes that YOLO cannot store ({names})",
    ),
    **key_losses("YOLO"),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are written.

    Attributes:
        segments: rows are polygons, for Ultralytics' segment task; else boxes, for its detect
            task. It reads all rows of a file in the same way, so they are never mixed.
    """

    segments: Annotated[bool, msgspec.Meta(description="Write polygons instead of boxes.")] = False


class YoloWriter(Writer[WriteOptions]):
    """Writes one label file per image, and data.yaml."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        """One folder per split."""
        # What was read from images/train/ goes back there.
        name = below_images(file_name).removeprefix(f"{split}/")
        return f"images/{split}/{name}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in more than their extension."""
        return stem(below_images(file_name))

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        return [out / "data.yaml", out / "labels"]

    def outlines(self, options: WriteOptions) -> Outlines:
        return "rings" if options.segments else "none"

    def open(self, plan: WritePlan, options: WriteOptions) -> YoloWriting:
        return YoloWriting(plan, segments=options.segments)


class _File(msgspec.Struct, array_like=True):
    """A label file that a shard has written, in the stream `_FILES`.

    Attributes:
        label: its path; those that already existed are also in the stream `_TWICE`.
        image: its image.
        shapes: number of shapes in it.
        waiting: where it is if another one already existed.
    """

    label: str
    image: str
    shapes: int
    waiting: str


class YoloWriting(Writing):
    """One dataset while it is being written.

    Args:
        plan: see `WritePlan`.
        segments: see `WriteOptions`.
    """

    def __init__(self, plan: WritePlan, *, segments: bool) -> None:
        self._plan = plan
        self._segments = segments

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = _Shard(self._plan, segments=self._segments)
        for numbered in images:
            shard.take(numbered)
        encode = msgspec.json.Encoder().encode_lines
        streams = {_FILES: encode(shard.files)}
        if shard.twice:
            streams[_TWICE] = encode(shard.twice)
        return Written(streams=streams, losses=shard.losses.counts, findings=shard.findings)

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self._plan
        if _TWICE in streams:
            yield from self._first_of_each(streams[_FILES], streams[_TWICE])
        total = Losses(_LOSSES, losses)
        KeyLosses(total).header(plan.header, plan.out)
        yield from total.findings()
        folders, findings = _folders(plan.splits)
        yield from findings
        names = [category.name for category in plan.header.categories]
        write_text(plan.stage / "data.yaml", _yaml(folders, names))

    def _first_of_each(self, files: Iterable[bytes], twice: Iterable[bytes]) -> Iterator[Finding]:
        """Use the first image's file if several images have the same label file."""
        labels = {msgspec.json.decode(line, type=str) for line in twice}
        decode = msgspec.json.Decoder(_File).decode
        owners: dict[str, str] = {}
        for file in map(decode, files):
            if file.label not in labels:
                continue
            owner = owners.setdefault(file.label, file.image)
            if owner != file.image:
                yield code("name-collision").at(
                    Place(file.image),
                    f"has the same label file as {owner}",
                    "rename one of the two images",
                    lost=file.shapes,
                    severity="error",
                )
            elif os.path.exists(waiting := self._plan.stage / file.waiting):
                os.replace(waiting, self._plan.stage / file.label)
        shutil.rmtree(self._plan.stage / _WAITING)


# data.yaml --------------------------------------------------------------------------------------


def _folders(splits: Sequence[str]) -> tuple[dict[str, str], list[Finding]]:
    """Split -> its folder; train and val, which Ultralytics requires, are replaced if missing."""
    folders = {split: f"images/{split}" for split in ("train", "val", "test") if split in splits}
    others = {split: f"images/{split}" for split in splits if split not in folders}
    missing = [split for split in ("train", "val") if split not in folders]
    if not missing:
        return folders | others, []
    stand_in = folders.get("train") or [*others.values(), *folders.values()][0]
    finding = code("split-made-up").at(
        Place("data.yaml", missing[-1]),
        f"Ultralytics requires {' and '.join(missing)}, but there is none: {stand_in} is used, "
        "so the scores are those of training images",
        "create both with --split train=80,val=20",
    )
    named = {"train": folders.pop("train", stand_in), "val": folders.pop("val", stand_in)}
    return named | folders | (others if len(splits) > 1 else {}), [finding]


def _yaml(folders: dict[str, str], names: Sequence[str]) -> str:
    """The content of data.yaml.

    There is no ``path``: without it, Ultralytics uses the folder of the file, while a relative
    one, even ".", is relative to the working directory.
    """
    lines = [f"{_scalar(split)}: {_scalar(folder)}" for split, folder in folders.items()]
    lines += ["names:", *(f"  {number}: {quoted(name)}" for number, name in enumerate(names))]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    plain = text in ("train", "val", "test") or re.fullmatch(r"images/[A-Za-z0-9_]+", text)
    return text if plain else quoted(text)


# Rows -------------------------------------------------------------------------------------------


class _Shard:
    """Writes the label files of some images.

    Attributes:
        files: that are written.
        twice: label files that already existed.
        losses: what YOLO cannot store.
        findings: on what is not written.
    """

    def __init__(self, plan: WritePlan, *, segments: bool) -> None:
        self.files: list[_File] = []
        self.twice: list[str] = []
        self.losses = Losses(_LOSSES)
        self.findings: list[Finding] = []
        self._keys = KeyLosses(self.losses)
        self._plan = plan
        self._numbers = {one.name: at for at, one in enumerate(plan.header.categories)}
        self._segments = segments
        self._image_path = YoloWriter().image_path
        self._folders: set[str] = set()

    def take(self, numbered: Numbered) -> None:
        """Write one image's file."""
        split, number, _, image = numbered
        shapes = sum(instance.parts for instance in image.instances)
        if shapes and not (image.width > 0 and image.height > 0):
            message = f"is {image.width}x{image.height}, by which nothing can be normalised"
            self._lose("no-image-size", Place(image.file_name), message, "add its size", shapes)
            return
        rows = "".join(row for one in image.instances if (row := self._row(image, one)))
        if image.attributes:
            self.losses.add("flags", place_of(image), names=image.attributes)
        self._keys.image(image)
        label = label_path(self._image_path(split, image.file_name))
        waiting = f"{_WAITING}/{self._plan.splits.index(split)}/{number}.txt"
        self.files.append(_File(label, image.file_name, shapes, waiting))
        try:
            self._write(label, rows, "x")
        except FileExistsError:
            self.twice.append(label)
            self._write(waiting, rows, "w")

    def _write(self, name: str, rows: str, mode: str) -> None:
        path = os.path.join(self._plan.stage, name)
        folder = os.path.dirname(path)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        with open(path, mode, encoding="utf-8", newline="\n") as stream:
            stream.write(rows)

    def _lose(self, name: str, place: Place, message: str, remedy: str, shapes: int) -> None:
        self.findings.append(code(name).at(place, message, remedy, lost=shapes))

    def _row(self, image: Image, instance: Instance) -> str:
        """The line of an instance; empty if it has none."""
        place = place_of(image, instance)
        if instance.iscrowd:
            self.losses.add("crowds", place, lost=instance.parts)
            return ""
        w, h = image.width, image.height
        x0, y0, x1, y1 = box = instance.box
        inside = 0 <= x0 < x1 <= w and 0 <= y0 < y1 <= h
        if not inside:
            box = geometry.clip_box(box, w, h)
        ring: Ring = ()
        if self._segments:
            try:
                ring = self._ring(image, instance, box, place)
            except geometry.TooLargeError as error:
                message = f"{instance.label!r} cannot become one polygon: {error}"
                self._lose("shape-too-large", place, message, "", instance.parts)
                return ""
            box = geometry.ring_box(ring) if ring else (0.0, 0.0, 0.0, 0.0)
        x0, y0, x1, y1 = box
        if not (x1 > x0 and y1 > y0):
            self._lose(
                "nothing-in-image",
                place,
                f"{instance.label!r} has no area inside the image: skipped",
                "redraw or delete it",
                instance.parts,
            )
            return ""
        self._count(image, instance, place, inside)
        if self._segments:
            values = [min(value / (h if i % 2 else w), 1.0) for i, value in enumerate(ring)]
        else:
            values = [(x0 + x1) / 2 / w, (y0 + y1) / 2 / h, (x1 - x0) / w, (y1 - y0) / h]
        return f"{self._numbers[instance.label]} {' '.join(map(number, values))}\n"

    def _ring(self, image: Image, instance: Instance, box: Box, place: Place) -> Ring:
        """The single polygon of an instance inside the image; empty if there is none.

        Raises:
            TooLargeError: it has too many corners or parts.
        """
        size = image.width, image.height
        rings = outlines.rings_of(instance.shape)
        if not rings:
            self.losses.add("boxes", place)
            rings = [geometry.box_corners(box)]
        elif geometry.ring_box(*rings) != instance.box:
            self.losses.add("unlike", place)
        rings = geometry.rings_inside(rings, *size)
        if len(rings) > 1:
            self.losses.add("bridged", place)
        return outlines.joined(rings, *size, are_polygons=isinstance(instance.shape, Polygons))

    def _count(self, image: Image, instance: Instance, place: Place, inside: bool) -> None:
        """Count what is not carried of an instance that is written; its box may be inside."""
        if instance.shape is not None and not self._segments:
            self.losses.add("outlines", place)
        elif geometry.has_own_area(instance, image.width, image.height):
            self.losses.add("areas", place)
        marks = [] if inside else [instance.box]
        if self._segments and isinstance(instance.shape, Polygons):
            marks.append(geometry.ring_box(*instance.shape.rings))
        if any(_extends_beyond(mark, image.width, image.height) for mark in marks):
            self.losses.add("clipped", place)
        if instance.attributes or instance.difficult:
            names = [*instance.attributes, *(["difficult"] if instance.difficult else [])]
            self.losses.add("attributes", place, names=names)
        self._keys.instance(instance)


def _extends_beyond(box: Box, width: int, height: int) -> bool:
    x, y = width * _TOLERANCE, height * _TOLERANCE
    return box[0] < -x or box[1] < -y or box[2] > width + x or box[3] > height + y
