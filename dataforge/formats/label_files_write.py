"""Writing of formats that have a text file for each image, and classes only in its lines."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, ClassVar

import msgspec

from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writing, Written
from dataforge.formats.tally import (
    KeyLosses,
    LeftOut,
    Loss,
    LossCount,
    Losses,
    class_order_not_carried,
)
from dataforge.records import Image

_USED = "used"  # the stream of the classes that have instances


def written_name(name: str) -> str:
    """A class name as it is written: rows are split at white space, and files at line ends.

    >>> written_name("red\\u00a0 car\\u2028")
    'red car'
    """
    return " ".join(name.split())


def name_losses(title: str) -> dict[str, Loss]:
    """The kinds of losses of class names with white space.

    Args:
        title: name of the output format in messages.
    """
    remedy = "give them other names with --label-aliases"
    return {
        "joined": Loss(
            "class-name-not-kept",
            "class",
            f"whose names differ only in white space ({{names}}): the rows of {title} cannot tell "
            "them apart, and they are read back as one",
            f"{remedy}; join them with --merge if they are one",
            "error",
        ),
        "spacing": Loss(
            "class-name-not-kept",
            "class",
            f"whose name has white space that {title} cannot store ({{names}}): written with "
            "single spaces",
            remedy,
        ),
        "spaces": Loss(
            "class-name-with-space",
            "class",
            f"with spaces in their names ({{names}}): {title}'s own tools take the words for "
            "columns",
            remedy,
        ),
    }


class LabelFiles(ABC):
    """Writes the label files of some images, to SPLIT/FOLDER/STEM.txt.

    Args:
        stage: folder that is written to.

    Attributes:
        folder: of the label files of a split.
        kinds: what the format cannot store; with ``unused``, of classes without instances, and
            those of `name_losses`.
        used: classes that have instances.
        losses: what could not be stored.
        keys: counts the keys of other formats among that.
        findings: on what is not written.
        left_out: what that is.
    """

    folder: ClassVar[str]
    kinds: ClassVar[Mapping[str, Loss]]

    def __init__(self, stage: Path) -> None:
        self.used: set[str] = set()
        self.losses = Losses(self.kinds)
        self.keys = KeyLosses(self.losses)
        self.findings: list[Finding] = []
        self.left_out = LeftOut()
        self._stage = stage
        self._folders: set[str] = set()

    @staticmethod
    @abstractmethod
    def stem(file_name: str) -> str:
        """The path of an image's label file below its folder, without the extension."""

    @abstractmethod
    def text(self, image: Image) -> str:
        """The content of the label file of an image."""

    def take(self, split: str, image: Image) -> None:
        """Write one image's file."""
        self.left_out.split = split
        text = self.text(image)
        path = os.path.join(self._stage, split, self.folder, f"{self.stem(image.file_name)}.txt")
        folder = os.path.dirname(path)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


class LabelFilesWriting(Writing):
    """One dataset while it is being written.

    Args:
        plan: see `WritePlan`.
        files: what writes the files of a shard.
    """

    def __init__(self, plan: WritePlan, files: type[LabelFiles]) -> None:
        self._plan = plan
        self._files = files

    def write(self, images: Iterable[Numbered]) -> Written:
        shard = self._files(self._plan.stage)
        for numbered in images:
            shard.take(numbered.split, numbered.image)
        used = msgspec.json.Encoder().encode_lines(sorted(shard.used))
        losses = shard.losses.counts
        return Written(
            streams={_USED: used},
            losses=losses,
            findings=shard.findings,
            left_out=shard.left_out.counts,
        )

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self._plan
        for split in plan.splits:
            (plan.stage / split / self._files.folder).mkdir(parents=True, exist_ok=True)
        used = {msgspec.json.decode(line, type=str) for line in streams.get(_USED, ())}
        names = [category.name for category in plan.header.categories]
        total = Losses(self._files.kinds, losses)
        KeyLosses(total).header(plan.header, plan.out)
        for name in names:
            if name not in used:
                total.add("unused", Place(plan.out), names=[name], in_image=False)
        for kind, name in _not_kept(name for name in names if name in used):
            total.add(kind, Place(plan.out), names=[name], in_image=False)
        yield from total.findings()
        yield from class_order_not_carried(names, used, plan.out)


def _not_kept(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(kind of loss, class name) of names with white space."""
    written = {name: written_name(name) for name in names}
    classes = Counter(written.values())
    for name, new in written.items():
        if classes[new] > 1:
            yield "joined", name
        elif new != name:
            yield "spacing", name
        if " " in new:
            yield "spaces", name
