"""The single pass over a dataset that convert, check, inspect, split and register share.

    reading.items() ─► shards ─► map: read ─► [decide] ─► map: settle, steps, encode ─► reduce

A worker returns its shard's images as bytes, and what is needed of each image for the dataset as a
whole: its name, split, labels and findings. No image is passed between processes as an object, and
none is decoded by the parent. A single worker is the same code without processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from dataforge.classes import Classes, Resolver, Tally
from dataforge.codes import code
from dataforge.datasets.cache import Cache
from dataforge.datasets.cached import (
    CachedRead,
    CachedSettle,
    can_be_cached,
    entries_in,
    steady_shards,
)
from dataforge.datasets.encoding import encodable
from dataforge.datasets.keeping import PackedValues, decoder
from dataforge.datasets.seen import Alike, Fact, Seen, Step
from dataforge.datasets.shards import Piece, ReadOnly, Work, decode_entries, seldom_collected
from dataforge.datasets.source import Source
from dataforge.datasets.watched import Progress, reading_with
from dataforge.engines import Engine
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats import Context, Evidence, Item, Outlines, Reading, Record, SourceText
from dataforge.io import Spool
from dataforge.records import Header, Image


class Shard(NamedTuple):
    """Images that were read together.

    Attributes:
        images: where they are in the spool, encoded.
        seen: of each of them; None if the image does not count.
    """

    images: tuple[int, int]
    seen: list[Seen | None]


class Survey:
    """The result of a pass over a dataset.

    Attributes:
        header: what the source says about the dataset as a whole.
        images: of each image that counts, in the order of the source.
        shards: the same in shards, with the images themselves, if they were kept.
        tally: the labels of all images.
        facts: key -> values that steps yielded, in the order of the images.
        decision: of the reading.
        texts: annotation file -> where its bytes are in the spool, if they were kept.
        spool: of images and texts; closed by `close`.
        outlines: with which the images were kept.
    """

    def __init__(self) -> None:
        self.header = Header()
        self.images: list[Seen] = []
        self.shards: list[Shard] = []
        self.tally = Tally()
        self.facts: dict[str, PackedValues] = {}
        self.decision: Any = None
        self.texts: dict[str, tuple[int, int]] = {}
        self.spool = Spool()
        self.outlines: Outlines = "rings"

    def __enter__(self) -> Survey:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def settled(self, resolver: Resolver) -> Classes:
        """The final classes."""
        return resolver.settle(self.tally, (one.name for one in self.header.categories))

    def kept(self) -> Iterator[Image]:
        """The images that count, if they were kept; decoded a shard at a time."""
        for shard in self.shards:
            images = decoder(self.outlines)(self.spool.get(shard.images))
            yield from (
                image for image, seen in zip(images, shard.seen, strict=True) if seen is not None
            )

    def close(self) -> None:
        """Free the disk space that the pass used."""
        self.spool.close()


def survey(
    source: Source,
    context: Context,
    engine: Engine,
    *,
    report: Callable[[Finding], None],
    steps: Sequence[Step] = (),
    keep: bool = False,
    outlines: Outlines = "rings",
    own_splits: bool = True,
    repeats: bool = False,
    progress: Progress | None = None,
    cache: Cache | None = None,
    take: Callable[[Sequence[Fact]], None] | None = None,
) -> Survey:
    """Go over a dataset once.

    Args:
        source: the dataset.
        context: for its reader.
        engine: where the work runs.
        report: called with each finding, in the order of the source.
        steps: done to each image, in this order.
        keep: keep the images for a second pass.
        outlines: with which they are kept.
        own_splits: keep the source's splits; an image may be in several of them.
        repeats: count an image again if the source has it again, as programs do that read the files
            themselves; else only the first counts, and each further one is a finding.
        progress: see `Progress`.
        cache: of what this function gave for the same arguments before; it has no effect for
            formats that do not say what an item depends on, and if texts are kept.
        take: called with the facts of each image that counts, which then are not kept.

    Raises:
        InputError: there is nothing that can be read.
        OutputError: there is no room on the disk for what is kept.
    """
    reading = source.open(context)
    found = Survey()
    found.outlines = outlines
    try:
        if context.keep_text or source.root.remote or not can_be_cached(reading):
            cache = None
        one = _Pass(source, reading, found, report, own_splits, repeats, progress, cache, take)
        with seldom_collected():
            one.run(engine, steps, keep, context.keep_text)
    except BaseException:
        found.close()
        raise
    for finding in done_again(engine, source):
        report(finding)
    return found


def done_again(engine: Engine, source: Source) -> Iterator[Finding]:
    """A note if work was lost since the last call, and done again."""
    for note in engine.notes():
        yield code("work-done-again").at(Place(source.root.location), note)


class _Pass:
    """One pass in the parent."""

    def __init__(
        self,
        source: Source,
        reading: Reading,
        found: Survey,
        report: Callable[[Finding], None],
        own_splits: bool,
        repeats: bool,
        progress: Progress | None,
        cache: Cache | None,
        take: Callable[[Sequence[Fact]], None] | None,
    ) -> None:
        self.root = source.root
        self.cache = cache
        self.reading = reading
        self.found = found
        self.report = report
        self.own_splits = own_splits
        self.repeats = repeats
        self.progress = progress
        self.take = take or self._keep
        self.read = 0  # files, or images
        self.evidence: dict[str, PackedValues] = {}
        self.first: dict[str, dict[str, Place]] = {}  # split -> image -> its place
        root = source.root
        self.alike = Alike(() if root.remote or root.only else root.files())

    def run(self, engine: Engine, steps: Sequence[Step], keep: bool, keep_edits: bool) -> None:
        unpacked = entries_in if self.cache else lambda data: [data]
        outlines = self.found.outlines if keep else None
        watched = reading_with(engine, self.reading, self.progress, unpacked)
        if not self.reading.decides:
            work = Work(self.reading, steps, outlines, keep_edits)
            whole = CachedRead(work, self.cache, self.root).read if self.cache else work.read
            with watched.mapped(whole, self._shards(), "reading", self._total) as pieces:
                for piece in pieces:
                    self._take(piece, keep)
        else:
            waiting = []
            first = ReadOnly(self.reading, keep_edits)
            wait = CachedRead(first, self.cache, self.root).waiting if self.cache else first
            with watched.mapped(wait, self._shards(), "reading", self._total) as results:
                for read in results:
                    for evidence in read.evidence:
                        self._take_evidence(evidence)
                    self._take_texts(read.texts)
                    waiting.append(self.found.spool.put(read.entries))
            self.found.decision = self.reading.decide(self.evidence)
            work = Work(self.reading, steps, outlines, keep_edits, self.found.decision)
            settle = CachedSettle(work, self.cache, self.root) if self.cache else work.settle
            spool = self.found.spool
            again = map(spool.get if engine.remote else spool.later, waiting)
            with watched.mapped(settle, again, "checking", lambda: self.read) as pieces:
                for piece in pieces:
                    self._take(piece, keep)
        for record in self.reading.finish(self.evidence, self.found.decision):
            self._take_record(record)
        if self.cache:
            self.cache.tidy()

    def _shards(self) -> Iterator[list[Item]]:
        """The items in shards; other records are taken at once."""
        items = self._items()
        if self.cache:
            return steady_shards(self.reading, items)
        return iter(lambda: list(islice(items, self.reading.shard)), [])

    def _total(self) -> int:
        return self.reading.total or 0

    def _items(self) -> Iterator[Item]:
        for item in self.reading.items():
            if isinstance(item, Item):
                self.read += self.reading.number_of(item)
                yield item
            else:
                self._take_record(item)

    def _take(self, piece: Piece, keep: bool) -> None:
        kept: list[Seen | None] = []
        for entry in decode_entries(piece.entries):
            if entry.seen is not None:
                kept.append(entry.seen if self._take_image(entry.seen) else None)
            elif entry.finding is not None:
                self.report(entry.finding)
            elif entry.evidence is not None:
                self._take_evidence(entry.evidence)
            elif entry.header is not None:
                self.found.header = entry.header
        self._take_texts(piece.texts)
        if keep and kept:
            self.found.shards.append(Shard(self.found.spool.put(piece.images), kept))

    def _take_record(self, record: Record) -> None:
        if isinstance(record, Finding):
            self.report(record)
        elif isinstance(record, Header):
            self.found.header = record
        elif isinstance(record, Evidence):
            self._take_evidence(encodable(record))
        elif isinstance(record, SourceText):
            self.found.texts[record.file] = self.found.spool.put(record.data)

    def _take_evidence(self, evidence: Evidence) -> None:
        self.evidence.setdefault(evidence.kind, PackedValues()).append(evidence.value)

    def _take_texts(self, texts: Sequence[tuple[str, bytes]]) -> None:
        for name, data in texts:
            self.found.texts[name] = self.found.spool.put(data)

    def _take_image(self, seen: Seen) -> bool:
        """Whether an image counts: it has not occurred before, or repeats count."""
        if not self.own_splits:
            seen.split = None
        self.alike.named(seen)
        known = self.first.setdefault(seen.split or "", {})
        first = known.setdefault(seen.file_name, seen.place)
        if first is not seen.place and not self.repeats:
            if first != seen.place:  # else the same entry, listed in another split
                self.report(_marked_twice(seen, first.file))
            return False
        for finding in seen.findings:
            self.report(finding)
        if seen.facts:
            self.take(seen.facts)
        seen.findings, seen.facts = (), ()
        # Not by a difference of sets, which would go through all labels for each image.
        new = {label for label in seen.labels if label not in self.found.tally.labels}
        for label, count in seen.labels.items():
            self.found.tally.add(label, count.shapes, count.place or seen.place)
        self.alike.shared(seen, new)
        self.found.images.append(seen)
        return True

    def _keep(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self.found.facts.setdefault(fact.key, PackedValues()).append(fact.value)


def _marked_twice(seen: Seen, owner: str) -> Finding:
    lost = f"{plural(seen.shapes, 'shape')} not converted"
    if seen.place.file == owner:
        message = f"{seen.file_name} is twice in {owner}: {lost}"
        remedy = "keep one of the two entries, with all shapes in it"
    else:
        message = f"annotates {seen.file_name}, which {owner} already does: {lost}"
        remedy = "keep one of the two files"
    return code("image-marked-twice").at(seen.place, message, remedy, lost=seen.shapes)
