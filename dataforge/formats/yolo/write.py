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
from typing import IO

import msgspec

from dataforge.codes import code
from dataforge.errors import InputError, UsageError
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, Outlines, WritePlan, Writer, Writing, Written
from dataforge.formats.names import below_images
from dataforge.formats.tally import KeyLosses, LeftOut, LossCount, Losses, place_of
from dataforge.formats.yolo.dataset_yaml import quoted
from dataforge.formats.yolo.paths import label_path
from dataforge.formats.yolo.pose import lines_of, number_of
from dataforge.formats.yolo.row_writer import LOSSES, RowWriter, WriteOptions
from dataforge.io import stem, write_text

_FILES, _TWICE = "files", "twice"
_WAITING = ".waiting"


class YoloWriter(Writer[WriteOptions]):
    """Writes one label file per image, and data.yaml."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        """One folder per split."""
        # What was read from images/train/, or train/images/, goes to the former.
        name = below_images(below_images(file_name).removeprefix(f"{split}/"))
        return f"images/{split}/{name}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in more than their extension."""
        return stem(below_images(file_name))

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        return [out / "data.yaml", out / "labels"]

    def outlines(self, options: WriteOptions) -> Outlines:
        return "rings" if options.segments or options.obb else "none"

    def open(self, plan: WritePlan, options: WriteOptions) -> YoloWriting:
        if options.pose + options.segments + options.obb > 1:
            raise UsageError(
                "--pose writes boxes with keypoints, --segments polygons, --obb corners of turned "
                "boxes: choose one"
            )
        if options.pose and not number_of(plan.header.categories):
            raise InputError("--pose: no class of the dataset says which keypoints it has")
        return YoloWriting(plan, options)


class _File(msgspec.Struct, array_like=True):
    """A label file that a shard has written, in the stream `_FILES`.

    Attributes:
        label: its path; those that already existed are also in the stream `_TWICE`.
        image: its image.
        shapes: number of shapes in it.
        waiting: where it is if another one already existed.
        split: of its image.
        labels: of its instances.
    """

    label: str
    image: str
    shapes: int
    waiting: str
    split: str
    labels: list[str]


class YoloWriting(Writing):
    """One dataset while it is being written.

    Args:
        plan: see `WritePlan`.
        options: see `WriteOptions`.
    """

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self._plan = plan
        self._options = options

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = _Shard(self._plan, self._options)
        rows = shard.rows
        for numbered in images:
            shard.take(numbered)
        encode = msgspec.json.Encoder().encode_lines
        streams = {_FILES: encode(shard.files)}
        if shard.twice:
            streams[_TWICE] = encode(shard.twice)
        return Written(
            streams=streams,
            losses=rows.losses.counts,
            findings=rows.findings,
            left_out=rows.left_out.counts,
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self._plan
        if _TWICE in streams:
            yield from self._first_of_each(streams[_FILES], streams[_TWICE])
        total = Losses(LOSSES, losses)
        pose = self._options.pose
        KeyLosses(total, own="yolo" * pose, keypoints=pose).header(plan.header, plan.out)
        for category in plan.header.categories:
            if pose and category.skeleton:
                total.add("skeletons", Place(plan.out), in_image=False)
        yield from total.findings()
        folders, findings = _folders(plan.splits)
        yield from findings
        more = lines_of(plan.header) if pose else []
        names = [category.name for category in plan.header.categories]
        write_text(plan.stage / "data.yaml", _yaml(folders, names, more))

    def _first_of_each(self, files: Iterable[bytes], twice: Iterable[bytes]) -> Iterator[Finding]:
        """Use the first image's file if several images have the same label file."""
        labels = {msgspec.json.decode(line, type=str) for line in twice}
        decode = msgspec.json.Decoder(_File).decode
        owners: dict[str, str] = {}
        left_out = LeftOut()
        self.left_out = left_out.counts
        for file in map(decode, files):
            if file.label not in labels:
                continue
            owner = owners.setdefault(file.label, file.image)
            if owner != file.image:
                left_out.count(file.split, file.labels)
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


def _yaml(folders: dict[str, str], names: Sequence[str], more: Sequence[str]) -> str:
    """The content of data.yaml.

    There is no ``path``: without it, Ultralytics uses the folder of the file, while a relative
    one, even ".", is relative to the working directory.
    """
    lines = [f"{_scalar(split)}: {_scalar(folder)}" for split, folder in folders.items()]
    lines += [
        *more,
        "names:",
        *(f"  {number}: {quoted(name)}" for number, name in enumerate(names)),
    ]
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
        rows: makes the rows.
    """

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self.files: list[_File] = []
        self.twice: list[str] = []
        self.rows = RowWriter(plan, options)
        self._plan = plan
        self._stage = os.fspath(plan.stage)
        self._image_path = YoloWriter().image_path
        self._folders: set[str] = set()

    def take(self, numbered: Numbered) -> None:
        """Write one image's file."""
        split, number, _, image = numbered
        self.rows.left_out.split = split
        if image.instances and not (image.width > 0 and image.height > 0):
            message = f"is {image.width}x{image.height}, by which nothing can be normalised"
            place = Place(image.file_name)
            self.rows.lose("no-image-size", place, message, "add its size", *image.instances)
            return
        made = [(one, self.rows.row(image, one)) for one in image.instances]
        written = [one for one, row in made if row]
        rows = "".join(row for _, row in made)
        if image.attributes:
            self.rows.losses.add("flags", place_of(image), names=image.attributes)
        self.rows.keys.image(image)
        label = label_path(self._image_path(split, image.file_name))
        waiting = f"{_WAITING}/{self._plan.splits.index(split)}/{number}.txt"
        shapes = sum(instance.parts for instance in written)
        labels = [instance.label for instance in written]
        self.files.append(_File(label, image.file_name, shapes, waiting, split, labels))
        try:
            self._write(label, rows, "x")
        except FileExistsError:
            self.twice.append(label)
            self._write(waiting, rows, "w")

    def _write(self, name: str, rows: str, mode: str) -> None:
        folder = name.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(os.path.join(self._stage, folder), exist_ok=True)
            self._folders.add(folder)
        # A stream of text is made in several times the time that the rows take.
        with open(f"{self._stage}/{name}", f"{mode}b") as stream:
            stream.write(rows.encode())
