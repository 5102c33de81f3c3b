"""The work on shards, done again only where something has changed.

Each item is looked up in the pack of its shard, and what was made of it counts if all that it was
made from is as it was: the `Inputs`, the stamps of the files that were looked at, and the names
that were looked up. If images wait for a decision, this happens twice: for the records of an item,
and for what is made of them.

    items ─► kept? ── no ─► read, traced ─► pack        (a)
               └─ yes ─► records ─► decision
    records ─► kept? ── no ─► settle, steps, traced ─► pack        (b)
                 └─ yes ─► entries and images
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from dataforge.datasets.cache import Cache, Part, joined_arrays, pack_name
from dataforge.datasets.shards import (
    Piece,
    ReadOnly,
    Waiting,
    Work,
    WriteShard,
    WriteTask,
    collected_later,
)
from dataforge.formats import Evidence, Inputs, Item, Reading, Record, Written
from dataforge.io import UNSTEADY, Root, Spooled, Trace, stamp, whole

_MOST = 3  # times the usual number of items in a shard

_encode = msgspec.msgpack.Encoder().encode


class _Held(msgspec.Struct, array_like=True, gc=False):
    """The records of an item between two passes, and their hash."""

    key: bytes
    entries: bytes


class _Shard(msgspec.Struct, array_like=True, gc=False):
    """The items of a shard between two passes."""

    pack: str
    held: list[_Held]


_decode = msgspec.msgpack.Decoder(_Shard).decode


class Wanted(NamedTuple):
    """An item with its inputs."""

    item: Item
    inputs: Inputs


def can_be_cached(reading: Reading) -> bool:
    """Whether a reading knows what its items depend on."""
    return type(reading).inputs is not Reading.inputs


def steady_shards(reading: Reading, items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in shards that begin at certain names, so that most stay as they are.

    A new item then changes one shard, where it would otherwise move all that follow.
    """
    shard: list[Item] = []
    for item in items:
        name = reading.inputs(item).name.encode("utf-8", "surrogatepass")
        begins = crc32(name) % reading.shard == 0 or len(shard) >= _MOST * reading.shard
        if shard and begins:
            yield shard
            shard = []
        shard.append(item)
    if shard:
        yield shard


class _Kept:
    """Parts that were kept, and those that are made.

    Args:
        cache: holds them.
        root: of the dataset.
        reading: the dataset.
    """

    def __init__(self, cache: Cache, root: Root, reading: Reading) -> None:
        self.cache = cache
        self.root = root
        self.reading = reading

    @property
    def trace(self) -> Trace:
        """Of all that is looked at."""
        return self.root.trace

    def valid(self, pack: str, wanted: Iterable[tuple[str, bytes]]) -> list[Part | None]:
        """The part of each (name, key) that can be used."""
        kept = {(part.name, part.key): part for part in self.cache.load(pack)}
        return [part if (part := kept.get(key)) and self._holds(part) else None for key in wanted]

    def _holds(self, part: Part) -> bool:
        for path, was in part.files:
            if stamp(path) != was:
                return False
        return all([*self.reading.names(like)] == were for like, were in part.names)

    def save(self, pack: str, parts: Iterable[Part]) -> None:
        """Keep the parts whose files are old enough to be trusted."""
        self.cache.save(
            pack, [part for part in parts if all(was != UNSTEADY for _, was in part.files)]
        )

    def start(self) -> Trace:
        """A trace that is empty and on."""
        trace = self.trace
        trace.turn += 1
        trace.files, trace.names = {}, set()
        trace.on = True
        return trace

    def looked_up(self, names: Iterable[str]) -> list[tuple[str, list[str]]]:
        """What there is of names that were looked up."""
        return [(like, [*self.reading.names(like)]) for like in sorted(names)]


class CachedRead:
    """Reads shards, and processes them if no image waits for a decision.

    Args:
        work: does it.
        cache, root: see `_Kept`.
    """

    def __init__(self, work: ReadOnly | Work, cache: Cache, root: Root) -> None:
        self.work = work
        self.reading = work.reading
        self.kept = _Kept(cache, root, work.reading)

    @collected_later
    def waiting(self, items: Sequence[Item]) -> Waiting:
        """As `ReadOnly`; the entries are for `CachedSettle`."""
        pack, parts = self._parts(items)
        held = [_Held(part.digest, part.entries) for part in parts]
        evidence = [one for part in parts for one in part.evidence]
        return Waiting(_encode(_Shard(pack, held)), evidence, [])

    @collected_later
    def read(self, items: Sequence[Item]) -> Piece:
        """As `Work.read`."""
        return _piece(self._parts(items)[1])

    def _parts(self, items: Sequence[Item]) -> tuple[str, list[Part]]:
        """The pack of a shard, and what is made of its items."""
        wanted = [Wanted(item, self.reading.inputs(item)) for item in items]
        pack = pack_name("a", wanted[0].inputs.name)
        found = self.kept.valid(pack, ((one.inputs.name, one.inputs.rest) for one in wanted))
        missing = [one for one, part in zip(wanted, found, strict=True) if part is None]
        if not missing:
            return pack, [part for part in found if part]
        made = iter(self._made(missing))
        parts = [part or next(made) for part in found]
        self.kept.save(pack, parts)
        return pack, parts

    def _made(self, missing: Sequence[Wanted]) -> list[Part]:
        """The parts of items that have to be read.

        What a reader looks at before the records of an item are asked for belongs to the item whose
        annotation file it is, else to all of them.
        """
        trace = self.kept.start()
        ahead, asked = trace.files, trace.names
        parts = []
        try:
            groups = self.reading.read_all([one.item for one in missing])
            for one in missing:
                trace.files, trace.names = ahead, asked
                trace.turn += 1
                records = next(groups)
                trace.files, trace.names = {}, set()
                parts.append(self._part(one.inputs, records))
        finally:
            trace.on = False
        own = {self.kept.root.local(one.inputs.file) for one in missing}
        of_all = [(path, was) for path, was in ahead.items() if path not in own]
        for one, part in zip(missing, parts, strict=True):
            path = self.kept.root.local(one.inputs.file)
            if path in ahead:
                part.files.append((path, ahead[path]))
            part.files += of_all
            part.names += self.kept.looked_up(asked)
        return parts

    def _part(self, inputs: Inputs, records: Iterator[Record]) -> Part:
        evidence: list[Evidence] = []
        images = digest = b""
        if isinstance(self.work, ReadOnly):
            entries, evidence, _ = self.work.taken([records])
            digest = blake2b(entries, digest_size=16).digest()
        else:
            entries, images, *_ = self.work.worked([records])
        trace = self.kept.trace
        files, names = [*trace.files.items()], self.kept.looked_up(trace.names)
        made = entries, images, evidence, digest
        return Part(inputs.name, inputs.rest, files, names, *made)


class CachedSettle:
    """Processes what `CachedRead` has read, as `Work.settle`.

    Args:
        work: does it.
        cache, root: see `_Kept`.
    """

    def __init__(self, work: Work, cache: Cache, root: Root) -> None:
        self.work = work
        self.kept = _Kept(cache, root, work.reading)
        decision = repr(work.reading.settled_by(work.decision))
        self.decision = blake2b(decision.encode("utf-8", "backslashreplace")).digest()

    @collected_later
    def __call__(self, data: Spooled | bytes) -> Piece:
        shard = _decode(whole(data))
        pack = pack_name("b", shard.pack, self.decision)
        found = self.kept.valid(pack, (("", one.key) for one in shard.held))
        if None not in found:
            return _piece([part for part in found if part])
        parts = [part or self._made(one) for one, part in zip(shard.held, found, strict=True)]
        self.kept.save(pack, parts)
        return _piece(parts)

    def _made(self, held: _Held) -> Part:
        trace = self.kept.start()
        try:
            entries, images, *_ = self.work.worked(self.work.settled(held.entries))
        finally:
            trace.on = False
        names = self.kept.looked_up(trace.names)
        return Part("", held.key, [*trace.files.items()], names, entries, images)


class _WrittenBefore(msgspec.Struct, array_like=True):
    """What a shard has become, and the hash of what it was made from."""

    key: bytes
    written: Written


_decode_written = msgspec.msgpack.Decoder(_WrittenBefore).decode


class CachedWrite:
    """Writes numbered shards of images, as `WriteShard`, to shared files alone.

    Args:
        work: does it.
        cache: of the run.
        settings: of the output, see `Cache`.
    """

    def __init__(self, work: WriteShard, cache: Cache, settings: Sequence[Any]) -> None:
        self.work = work
        self.cache = cache
        classes = work.classes
        self.settings = repr([*settings, classes.names, classes.by_label, classes.by_key])

    @collected_later
    def __call__(self, task: tuple[int, WriteTask]) -> Written:
        number, (images, numbers) = task
        pack = pack_name("w", str(number))
        text = f"{self.settings}{numbers}".encode("utf-8", "backslashreplace")
        key = blake2b(text, digest_size=32).digest()
        images = whole(images)
        key = blake2b(images, digest_size=32, key=key).digest()
        before = self.cache.get(pack, _decode_written)
        if before is not None and before.key == key:
            return before.written
        written = self.work((images, numbers))
        self.cache.put(pack, _encode(_WrittenBefore(key, written)))
        return written


def entries_in(data: bytes) -> list[bytes]:
    """The entries in what waits for `CachedSettle`."""
    return [one.entries for one in _decode(data).held]


def _piece(parts: Sequence[Part]) -> Piece:
    entries = joined_arrays(part.entries for part in parts)
    return Piece(entries, joined_arrays(part.images for part in parts), [])
