"""Shards in the workers: items are read, settled, passed through steps, and encoded.

Nothing here knows the dataset as a whole; `dataforge.datasets.surveys` puts it together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

import msgspec

from dataforge.codes import code
from dataforge.datasets.encoding import encodable, in_utf8, is_utf8
from dataforge.datasets.seen import Fact, LabelCount, Seen, Step
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats import Evidence, Item, Reading, Record, SourceText
from dataforge.io import is_too_long
from dataforge.records import Header, Image


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


_encode = msgspec.msgpack.Encoder().encode
decode_entries = msgspec.msgpack.Decoder(list[Entry]).decode
decode_images = msgspec.msgpack.Decoder(list[Image]).decode


class ReadOnly:
    """Reads shards whose images wait for a decision."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def __call__(self, items: Sequence[Item]) -> Waiting:
        entries: list[Entry] = []
        evidence: list[Evidence] = []
        texts: list[tuple[str, bytes]] = []
        for record in _read(self.reading, items):
            if isinstance(record, Evidence):
                evidence.append(encodable(record))
            elif _is_usable(record):
                entries.append(Entry(image=record))
            else:
                _take(record, entries, texts)
        return Waiting(_encode(entries), evidence, texts)


class Work:
    """Processes shards from what is read to what is kept.

    Args:
        reading: the dataset.
        steps: done to each image, in this order.
        keep: also encode the images.
        decision: of the reading.
    """

    def __init__(
        self, reading: Reading, steps: Sequence[Step], keep: bool, decision: Any = None
    ) -> None:
        self.reading = reading
        self.steps = steps
        self.keep = keep
        self.decision = decision

    def read(self, items: Sequence[Item]) -> Piece:
        """Process items that have to be read."""
        return self._worked(_read(self.reading, items))

    def settle(self, entries: bytes) -> Piece:
        """Process what `ReadOnly` has read."""
        return self._worked(self._settled(decode_entries(entries)))

    def _settled(self, entries: Iterable[Entry]) -> Iterator[Record]:
        for entry in entries:
            if entry.image is not None:
                yield from self.reading.settle(entry.image, self.decision)
            elif entry.finding is not None:
                yield entry.finding
            elif entry.header is not None:
                yield entry.header

    def _worked(self, records: Iterable[Record]) -> Piece:
        entries: list[Entry] = []
        images: list[Image] = []
        texts: list[tuple[str, bytes]] = []
        for record in records:
            if not _is_usable(record):
                _take(record, entries, texts)
                continue
            seen = Seen(record.file_name, record.place, (record.width, record.height))
            image = self._through_steps(record, seen)
            seen.split = image.split
            seen.labels = _labels(image)
            entries.append(Entry(seen=seen))
            if self.keep:
                images.append(image)
        return Piece(_encode(entries), _encode(images) if self.keep else b"", texts)

    def _through_steps(self, image: Image, seen: Seen) -> Image:
        findings: list[Finding] = []
        facts: list[Fact] = []
        for step in self.steps:
            for result in step.image(image):
                if isinstance(result, Finding):
                    findings.append(in_utf8(result))
                elif isinstance(result, Fact):
                    facts.append(result)
                else:
                    image = result
        seen.findings, seen.facts = findings, facts
        return image


def _read(reading: Reading, items: Iterable[Item]) -> Iterator[Record]:
    for item in items:
        yield from reading.read(item)


def _is_usable(record: Record) -> TypeGuard[Image]:
    """Whether a record is an image whose names can be encoded and used."""
    return (
        isinstance(record, Image)
        and is_utf8(record.file_name + record.place.file)
        and not is_too_long(record.file_name)
    )


def _take(record: Record, entries: list[Entry], texts: list[tuple[str, bytes]]) -> None:
    if isinstance(record, Image):
        record = _unwritable(record)
    if isinstance(record, Finding):
        entries.append(Entry(finding=in_utf8(record)))
    elif isinstance(record, Evidence):
        entries.append(Entry(evidence=encodable(record)))
    elif isinstance(record, Header):
        entries.append(Entry(header=record))
    elif isinstance(record, SourceText):
        texts.append((record.file, record.data))


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
