"""Shards in the workers: items are read, settled, passed through steps, encoded, and written.

Nothing here knows the dataset as a whole; `dataforge.datasets.surveys` puts it together.
"""

from __future__ import annotations

import gc
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeGuard, TypeVar

import msgspec

from dataforge.classes import Classes
from dataforge.codes import code
from dataforge.datasets.encoding import encodable, in_utf8, is_utf8
from dataforge.datasets.keeping import decoder, encode_images
from dataforge.datasets.seen import Fact, LabelCount, Seen, Step
from dataforge.errors import OutputError, plural
from dataforge.findings import Excess, Finding, Gathered, Place, joined
from dataforge.formats import (
    Evidence,
    Item,
    Numbered,
    Outlines,
    Reading,
    Record,
    SourceText,
    Writing,
    Written,
)
from dataforge.io import Spooled, is_too_long, whole
from dataforge.records import Header, Image

P = ParamSpec("P")
T = TypeVar("T")


class Entry(msgspec.Struct, omit_defaults=True, gc=False):
    """One thing in the stream of a shard, in the order of the source."""

    seen: Seen | None = None
    image: Image | None = None
    finding: Finding | None = None
    header: Header | None = None
    evidence: Evidence | None = None


class Piece(NamedTuple):
    """What a worker returns for a shard: entries, images and texts, each encoded."""

    entries: bytes
    images: bytes
    texts: list[tuple[str, bytes]]


class Waiting(NamedTuple):
    """What a worker returns for a shard whose images wait for a decision.

    Attributes:
        entries: for `Work.settle`, encoded.
        evidence: for the decision.
        texts: see `Piece`.
    """

    entries: bytes
    evidence: list[Evidence]
    texts: list[tuple[str, bytes]]


def collected_later(work: Callable[P, T]) -> Callable[P, T]:
    """Work on a shard without Python's cyclic garbage collection, which would look again and again
    at the many objects of the shard, to find no cycle. They are freed as always."""

    @wraps(work)
    def worked(*args: P.args, **named: P.kwargs) -> T:
        enabled = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **named)
        finally:
            if enabled:
                gc.enable()

    return worked


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Less of the same in the parent, which has objects of all images and makes few cycles."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_SELDOM = 200_000
"""Objects made and not freed, from which on Python looks for cycles."""

_encode = msgspec.msgpack.Encoder().encode
decode_entries = msgspec.msgpack.Decoder(list[Entry]).decode


class ReadOnly:
    """Reads shards whose images wait for a decision.

    Args:
        reading: the dataset.
        keep_edits: keep all findings that have edits.
    """

    def __init__(self, reading: Reading, keep_edits: bool) -> None:
        self.reading = reading
        self.keep_edits = keep_edits

    @collected_later
    def __call__(self, items: Sequence[Item]) -> Waiting:
        return self.taken(self.reading.read_all(items))

    def taken(self, groups: Iterable[Iterable[Record]]) -> Waiting:
        """Take the records of each item."""
        stream = _Stream(self.keep_edits)
        evidence: list[Evidence] = []
        for records in groups:
            stream.start()
            for record in records:
                if isinstance(record, Evidence):
                    evidence.append(encodable(record))
                elif _is_usable(record):
                    stream.entries.append(Entry(image=record))
                else:
                    stream.take(record)
        return Waiting(_encode(stream.entries), evidence, stream.texts)


class Work:
    """Processes shards from what is read to what is kept.

    Args:
        reading: the dataset.
        steps: done to each image, in this order.
        keep: also encode the images, with outlines like this; None for none.
        keep_edits: keep all findings that have edits.
        decision: of the reading.
    """

    def __init__(
        self,
        reading: Reading,
        steps: Sequence[Step],
        keep: Outlines | None,
        keep_edits: bool,
        decision: Any = None,
    ) -> None:
        self.reading = reading
        self.steps = steps
        self.keep = keep
        self.keep_edits = keep_edits
        self.decision = decision

    @collected_later
    def read(self, items: Sequence[Item]) -> Piece:
        """Process items that have to be read."""
        return self.worked(self.reading.read_all(items))

    @collected_later
    def settle(self, entries: Spooled | bytes) -> Piece:
        """Process what `ReadOnly` has read."""
        return self.worked(self.settled(whole(entries)))

    def settled(self, entries: bytes) -> Iterator[Iterator[Record]]:
        """The records of each entry, after the decision."""
        return map(self._settled, decode_entries(entries))

    def _settled(self, entry: Entry) -> Iterator[Record]:
        if entry.image is not None:
            yield from self.reading.settle(entry.image, self.decision)
        elif entry.finding is not None:
            yield entry.finding
        elif entry.header is not None:
            yield entry.header

    def worked(self, groups: Iterable[Iterable[Record]]) -> Piece:
        """Process the records of each item, or of each entry."""
        stream = _Stream(self.keep_edits)
        images: list[Image] = []
        for records in groups:
            stream.start()
            for record in records:
                if not _is_usable(record):
                    stream.take(record)
                    continue
                seen = Seen(record.file_name, record.place, (record.width, record.height))
                image = self._through_steps(record, seen)
                seen.split = image.split
                seen.labels = _labels(image)
                stream.entries.append(Entry(seen=seen))
                if self.keep:
                    images.append(image)
        kept = encode_images(images, self.keep) if self.keep else b""
        return Piece(_encode(stream.entries), kept, stream.texts)

    def _through_steps(self, image: Image, seen: Seen) -> Image:
        gathered: Gathered | None = None  # seldom needed
        facts: list[Fact] = []
        for step in self.steps:
            for result in step.image(image):
                if isinstance(result, Finding):
                    gathered = gathered or Gathered(keep_edits=self.keep_edits)
                    gathered.take(in_utf8(result))
                elif isinstance(result, Fact):
                    facts.append(result)
                else:
                    image = result
        seen.findings, seen.facts = tuple(gathered.findings if gathered else ()), tuple(facts)
        return image


class _Stream:
    """What a shard returns other than images.

    Attributes:
        entries, texts: see `Piece`.
    """

    def __init__(self, keep_edits: bool) -> None:
        self.entries: list[Entry] = []
        self.texts: list[tuple[str, bytes]] = []
        self._keep_edits = keep_edits
        self._excess = Excess[Entry](keep_edits=keep_edits)

    def start(self) -> None:
        """Begin the next item: the same file, in another split, has the same findings again."""
        self._excess = Excess(keep_edits=self._keep_edits)

    def take(self, record: Record) -> None:
        """Add what is no image that can be used."""
        if isinstance(record, Image):
            record = _unwritable(record)
        if isinstance(record, Finding):
            finding = in_utf8(record)
            own = Entry(finding=finding)
            first = self._excess.slot(finding, own)
            if first is None:
                self.entries.append(own)
            elif first.finding is not None:
                first.finding = joined(first.finding, finding)
        elif isinstance(record, Evidence):
            self.entries.append(Entry(evidence=encodable(record)))
        elif isinstance(record, Header):
            self.entries.append(Entry(header=record))
        elif isinstance(record, SourceText):
            self.texts.append((record.file, record.data))


def _is_usable(record: Record) -> TypeGuard[Image]:
    """Whether a record is an image whose names can be encoded and used."""
    return (
        isinstance(record, Image)
        and is_utf8(record.file_name + record.place.file)
        and not is_too_long(record.file_name)
    )


def _labels(image: Image) -> dict[str, LabelCount]:
    found: dict[str, LabelCount] = {}
    for instance in image.instances:
        count = found.get(instance.label)
        if count is None:
            found[instance.label] = LabelCount(1, instance.parts, instance.place)
        else:
            count.instances += 1
            count.shapes += instance.parts
    return found


def _unwritable(image: Image) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    gone = f"{plural(lost, 'shape')} not converted"
    if is_too_long(image.file_name):
        return code("name-too-long").at(
            image.place,
            f"the name of its image has {len(image.file_name):,} characters, which is longer than "
            f"any file can have: {gone}",
            "rename the image",
            lost=lost,
        )
    return code("name-not-utf8").at(
        Place(image.source),
        f"the name of the file or of its image {image.file_name} is not UTF-8: {gone}",
        "rename both files",
        lost=lost,
    )


WriteTask: TypeAlias = tuple[Spooled | bytes, list[tuple[str, int, int] | None]]
"""The images of a shard, encoded, and (split, number, number of its first instance) of each."""


class WriteShard:
    """Writes shards of images.

    Args:
        writing: the output.
        classes: for the labels.
        home: existing folder that the writing's own files are below.
        outlines: with which the images were encoded.
    """

    def __init__(
        self, writing: Writing, classes: Classes, home: Path, outlines: Outlines = "rings"
    ) -> None:
        self.writing = writing
        self.outlines: Outlines = outlines
        self.classes = classes
        self.home = home
        self._unchanged = {label for label, name in classes.by_label.items() if label == name}

    @collected_later
    def __call__(self, task: WriteTask) -> Written:
        data, numbers = task
        there = self.home.exists()
        written = self.writing.write(
            Numbered(*number, self._of_classes(image))
            for image, number in zip(decoder(self.outlines)(whole(data)), numbers, strict=True)
            if number is not None
        )
        if not there and self.home.exists():  # else all of it is in `written`
            shutil.rmtree(self.home, ignore_errors=True)
            raise OutputError(
                f"{self.home.parent}: is not the same folder on {platform.node()}; all machines "
                "that write an output must see it at the same path"
            )
        return written

    def _of_classes(self, image: Image) -> Image:
        """An image with class names for labels; most have these."""
        if self._unchanged.issuperset([instance.label for instance in image.instances]):
            return image
        return self.classes.apply(image)
