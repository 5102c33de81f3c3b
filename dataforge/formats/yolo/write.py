"""Writing the tree that Ultralytics trains on: data.yaml, images/SPLIT/, labels/SPLIT/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from dataforge import geometry
from dataforge.formats.base import Splits, Step
from dataforge.formats.names import below_images
from dataforge.formats.tally import KeysTally, Tally
from dataforge.io import stem, write_text
from dataforge.records import Box, Finding, Header, Image, Instance, Mask, Polygons, Ring

IMAGES: Literal["reference", "copy"] = "copy"

_TOLERANCE = 1e-6
"""Of the image's size: what a box may stand out by because floats are not exact."""


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rows are written.

    Attributes:
        segments: rows are outlines, for Ultralytics' segment task; else boxes, for its detect
            task. It takes a file's rows for the one or the other, so they are never mixed.
    """

    segments: bool = False


def image_path(split: str, file_name: str) -> str:
    """Where an image goes, relative to the output folder: a folder for each split."""
    # What was read from images/train/ goes back there.
    name = below_images(file_name).removeprefix(f"{split}/")
    return f"images/{split}/{name}"


def key(file_name: str) -> str:
    """Two images of one split differ in more than their extension."""
    return stem(below_images(file_name))


def label_path(image: str) -> str:
    """The label file of an image, as Ultralytics finds it: the last ``images`` of its folders is
    replaced.

    >>> label_path("images/train/a.b.jpg"), label_path("x/images/cam1/images/a.jpg")
    ('labels/train/a.b.txt', 'x/images/cam1/labels/a.txt')
    """
    before, slash, after = f"/{image}".rpartition("/images/")
    return stem(f"{before}/labels/{after}"[1:] if slash else image) + ".txt"


def targets(out: Path, splits: Sequence[str]) -> list[Path]:
    """The files and top-level folders that `write` makes."""
    return [out / "data.yaml", out / "labels"]


def write(out: Path, splits: Splits, header: Header, options: WriteOptions) -> Iterator[Finding]:
    """Write all splits; yields what YOLO cannot carry.

    Args:
        out: folder.
        splits: name -> images; each stream is gone through once.
        header: its categories are the classes in the order of their numbers.
        options: see `WriteOptions`.

    Raises:
        OSError: a file cannot be written.
    """
    names = [category.name for category in header.categories]
    writer = _Writer(out, {name: number for number, name in enumerate(names)}, options.segments)
    writer.keys.header(header, out.name)
    for split, images in splits.items():
        for image in images:
            yield from writer.write_image(split, image)
    yield from writer.counted()
    folders, findings = _folders(list(splits))
    yield from findings
    write_text(out / "data.yaml", _yaml(folders, names))


# data.yaml --------------------------------------------------------------------------------------


def _folders(splits: Sequence[str]) -> tuple[dict[str, str], list[Finding]]:
    """Split -> its folder; train and val, which Ultralytics wants, are made up where missing."""
    folders = {split: f"images/{split}" for split in ("train", "val", "test") if split in splits}
    others = {split: f"images/{split}" for split in splits if split not in folders}
    missing = [split for split in ("train", "val") if split not in folders]
    if not missing:
        return folders | others, []
    stand_in = folders.get("train") or [*others.values(), *folders.values()][0]
    finding = Finding(
        code="split-made-up",
        severity="warning",
        file="data.yaml",
        where=missing[-1],
        message=f"Ultralytics wants {' and '.join(missing)}, and there is none: "
        f"{stand_in} stands in, so that its scores are of the images that it trains on",
        remedy="--split train=0.8,val=0.2 makes both",
    )
    named = {"train": folders.pop("train", stand_in), "val": folders.pop("val", stand_in)}
    return named | folders | (others if len(splits) > 1 else {}), [finding]


def _yaml(folders: dict[str, str], names: Sequence[str]) -> str:
    """The content of data.yaml.

    There is no ``path``: without one Ultralytics takes the folder that the file is in, while a
    relative one, "." too, is taken from the working directory.
    """
    lines = [f"{_scalar(split)}: {_scalar(folder)}" for split, folder in folders.items()]
    lines += ["names:", *(f"  {number}: {_quoted(name)}" for number, name in enumerate(names))]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    plain = text in ("train", "val", "test") or re.fullmatch(r"images/[A-Za-z0-9_]+", text)
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """A YAML string in double quotes, which is a JSON string with more letters escaped.

    >>> print(_quoted('no: "1"'), _quoted("\\u2028"))
    "no: \\"1\\"" "\\u2028"
    """
    # What YAML does not call printable, and the line and paragraph separators.
    rest = "[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]"
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(rest, lambda letter: f"\\u{ord(letter[0]):04x}", quoted)


# Rows -------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, out: Path, ids: dict[str, int], segments: bool) -> None:
        self.out = out
        self.ids = ids
        self.segments = segments
        self.written: dict[str, str] = {}
        self.outlines = Tally(
            "outlines-not-carried",
            "note",
            "instance",
            "with an outline: rows of boxes are written, which have their own area",
            "--segments writes outlines",
        )
        self.areas = Tally(
            "area-not-carried",
            "note",
            "instance",
            "with an area that is not that of the box or outline: YOLO has that alone",
        )
        self.bridged = Tally(
            "rings-joined",
            "note",
            "instance",
            "with several rings: joined by thin bridges, or to the pixel where they overlap",
        )
        self.boxes = Tally(
            "boxes-as-outlines",
            "note",
            "instance",
            "without an outline: the corners of the box are written",
        )
        self.unlike = Tally(
            "box-not-kept",
            "note",
            "instance",
            "with a box that is not that of the outline: the outline is written",
        )
        self.clipped = Tally(
            "clipped-to-image",
            "warning",
            "instance",
            "reaching out of the image: cut to it, as Ultralytics wants",
        )
        self.crowds = Tally(
            "crowds-left-out", "warning", "crowd", "left out: YOLO has no place for crowds"
        )
        self.unheld = Tally(
            "attributes-not-carried",
            "note",
            "instance",
            "with attributes that YOLO has no place for ({names})",
        )
        self.flags = Tally(
            "image-attributes-not-carried",
            "note",
            "image",
            "with attributes that YOLO has no place for ({names})",
        )
        self.keys = KeysTally("YOLO")

    def write_image(self, split: str, image: Image) -> Iterator[Finding]:
        label = label_path(image_path(split, image.file_name))
        owner = self.written.setdefault(label, image.file_name)
        lost = sum(instance.parts for instance in image.instances)
        if owner != image.file_name:
            yield _error(
                image, "", "name-collision", f"has the label file of {owner}", "rename one", lost
            )
            return
        if lost and not (image.width > 0 and image.height > 0):
            size = f"{image.width}x{image.height}"
            yield _error(
                image, "", "no-image-size", f"is {size}: nothing can be normalised by it",
                "give its size", lost,
            )  # fmt: skip
            return
        rows = []
        for instance in image.instances:
            row = yield from self.row(image, instance)
            if row is not None:
                rows.append(row)
        if image.attributes:
            self.flags.add(image, image.where, image.attributes)
        self.keys.image(image)
        path = self.out / label
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(rows), encoding="utf-8", newline="\n")

    def row(self, image: Image, instance: Instance) -> Step[str | None]:
        """Returns the line of an instance, None where it has none."""
        if instance.iscrowd:
            self.crowds.add(image, instance.where, lost=instance.parts)
            return None
        box = geometry.clip_box(instance.box, image.width, image.height)
        ring: Ring = ()
        if self.segments:
            ring = self.ring(image, instance, box)
            box = geometry.ring_box(ring) if ring else (0.0, 0.0, 0.0, 0.0)
        if not (box[2] > box[0] and box[3] > box[1]):
            yield _error(
                image, instance.where, "nothing-in-image",
                f"nothing of {instance.label!r} is inside the image, or it has no area: left out",
                "redraw or drop it", instance.parts,
            )  # fmt: skip
            return None
        self.count(image, instance)
        w, h = image.width, image.height
        if self.segments:
            values = [min(value / (h if i % 2 else w), 1.0) for i, value in enumerate(ring)]
        else:
            x0, y0, x1, y1 = box
            values = [(x0 + x1) / 2 / w, (y0 + y1) / 2 / h, (x1 - x0) / w, (y1 - y0) / h]
        return " ".join([str(self.ids[instance.label]), *map(_number, values)]) + "\n"

    def ring(self, image: Image, instance: Instance, box: Box) -> Ring:
        """The one outline of an instance inside the image; empty where nothing is."""
        frame = image.width, image.height
        rings: list[Ring] = []
        if isinstance(instance.shape, Mask):
            rings = [*geometry.mask_rings(instance.shape)]
        elif isinstance(instance.shape, Polygons):
            rings = [ring for ring in instance.shape.rings if len(ring) >= 6]
        if not rings:
            self.boxes.add(image, instance.where)
            rings = [geometry.box_corners(box)]
        elif geometry.ring_box(*rings) != instance.box:
            self.unlike.add(image, instance.where)
        rings = [_inside(ring, *frame) for ring in rings]
        rings = [ring for ring in rings if len(ring) >= 6]
        if len(rings) > 1:
            self.bridged.add(image, instance.where)
        if isinstance(instance.shape, Polygons) and len(rings) > 1:
            if _overlap(rings, *frame):  # joined, they would cancel out where two of them lie
                rings = [*geometry.mask_rings(geometry.rasterise(rings, *frame))]
            else:
                rings = [_clockwise(ring) for ring in rings]
        if len(rings) > 1:
            return geometry.joined(rings)
        return rings[0] if rings else ()

    def count(self, image: Image, instance: Instance) -> None:
        """Count what is not carried over of an instance that is written."""
        if instance.shape is not None and not self.segments:
            self.outlines.add(image, instance.where)
        elif geometry.has_own_area(instance, image.width, image.height):
            self.areas.add(image, instance.where)
        marks = [instance.box]
        if self.segments and isinstance(instance.shape, Polygons):
            marks.append(geometry.ring_box(*instance.shape.rings))
        if any(_stands_out(mark, image.width, image.height) for mark in marks):
            self.clipped.add(image, instance.where)
        unheld = [*instance.attributes]
        if instance.difficult:
            unheld.append("difficult")
        if unheld:
            self.unheld.add(image, instance.where, unheld)
        self.keys.instance(image, instance)

    def counted(self) -> Iterator[Finding]:
        """One finding for each kind of thing that is not carried over."""
        for tally in (
            self.outlines, self.areas, self.bridged, self.boxes, self.unlike, self.clipped,
            self.crowds, self.unheld, self.flags, self.keys,
        ):  # fmt: skip
            yield from tally.findings()


def _number(value: float) -> str:
    """The shortest text that reads back as the same float; whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(value)


def _stands_out(box: Box, width: int, height: int) -> bool:
    x, y = width * _TOLERANCE, height * _TOLERANCE
    return box[0] < -x or box[1] < -y or box[2] > width + x or box[3] > height + y


def _inside(ring: Ring, width: int, height: int) -> Ring:
    x0, y0, x1, y1 = geometry.ring_box(ring)
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return ring
    return geometry.clip_ring(ring, width, height)


def _overlap(rings: Sequence[Ring], width: int, height: int) -> bool:
    """Whether any pixel is in two of the rings."""
    boxes = [geometry.ring_box(ring) for ring in rings]
    near = any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )
    if not near:
        return False
    single = sum(geometry.mask_area(geometry.rasterise([ring], width, height)) for ring in rings)
    return single > geometry.mask_area(geometry.rasterise(rings, width, height))


def _clockwise(ring: Ring) -> Ring:
    """The ring in the direction that gives it a positive signed area."""
    xs, ys = ring[0::2], ring[1::2]
    signed = sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))
    points = list(zip(xs, ys, strict=True))
    return ring if signed >= 0 else tuple(value for point in points[::-1] for value in point)


def _error(image: Image, where: str, code: str, message: str, remedy: str, lost: int) -> Finding:
    return Finding(
        code=code,
        severity="error",
        file=(image.source if where else "") or image.file_name,
        where=where,
        message=message,
        remedy=remedy,
        lost=lost,
    )
