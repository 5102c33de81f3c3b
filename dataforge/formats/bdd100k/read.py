"""Reads BDD100K's labels.

    labels/det_20/det_train.json          a list of frames: name, attributes, labels
    labels/100k/train/0000f77c.json       of one image: name, attributes, frames[0].objects

A file of one image is opened where its image is read; lists are taken apart first, in pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats import drawn
from dataforge.formats.base import (
    Context,
    Inputs,
    Item,
    Part,
    Reader,
    Record,
    finished,
)
from dataforge.formats.bdd100k.labels import instance_of
from dataforge.formats.ignored import Ignored
from dataforge.formats.json_entries import (
    Keys,
    elements,
    keys_of,
    members_of,
    number_of,
    rest_of,
    text_of,
    whole,
)
from dataforge.formats.label_files import Folders, Listed, paired, unmarked
from dataforge.formats.listed import (
    Contents,
    Document,
    ListedOptions,
    ListedReading,
    Page,
    bad_object,
    own_keys,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import stated_size
from dataforge.formats.split_names import split_of_words
from dataforge.io import Root, in_64_bits, is_image, last_part, plain, stem, to_utf8
from dataforge.records import Instance

_FOLDERS = Folders(
    re.compile(r"labels?|annotations?", re.IGNORECASE),
    re.compile(r"images?", re.IGNORECASE),
    split_of_words,
)
_OBJECTS = ("labels", "objects")
_OF_FRAME = ("labels", "timestamp", "frameIndex", "videoName")
"""Keys of a frame, one of which it has besides a name."""

_NO_FRAME = msgspec.Raw(b"{}")

_SINGLES = 200
"""Files of one image in an item."""


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How BDD100K's labels are read."""

    ignored: Ignored = "ignore"


def recognise(texts: Texts) -> Recognised:
    """JSON files with frames."""
    number = len(texts.of("bdd100k"))
    return Recognised(number, f"{plural(number, 'JSON file')} with frames and their labels")


class Bdd100kReader(Reader[ReadOptions]):
    """Reads every file of labels below a folder."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> Bdd100kReading:
        return Bdd100kReading(root, options, context)


class _Singles(msgspec.Struct):
    """Files of one image each."""

    files: list[Listed]


class Bdd100kReading(ListedReading[ReadOptions]):
    """The files of one folder."""

    kind = "BDD100K file"

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, options, context)
        self._singles: set[str] = set()

    # Files of one image, which has their name.

    def items(self) -> Iterator[Item | Record]:
        names = self.candidates()
        images = [*filter(is_image, self.images_root.files())] if self.looked_for else []
        stems = {last_part(stem(image)) for image in images}
        like = [name for name in names if last_part(stem(name)) in stems]
        findings, pairs = finished(paired(like, images, _FOLDERS))
        yield from findings if self.options.image_dir is None else ()
        self._singles = {*pairs.values()}
        self.names_of_files = [name for name in names if name not in pairs]
        number = 0
        for one in super().items():
            number += isinstance(one, Item)
            yield one
        files = [Listed(name, image, split_of_words(name, image)) for name, image in pairs.items()]
        for at in range(0, len(files), _SINGLES):
            yield Item(number, _Singles(files[at : at + _SINGLES]))
            number += 1
        if files and len(files) == len(names):
            yield from unmarked(images, self._singles)

    def without_entry(
        self, prefixes: Mapping[str, str], used: set[str]
    ) -> Iterator[Finding | Page]:
        yield from super().without_entry(prefixes, used | self._singles)

    def read(self, item: Item) -> Iterator[Record]:
        if not isinstance(item.value, _Singles):
            yield from super().read(item)
            return
        for file in item.value.files:
            yield from self._single(file)

    def inputs(self, item: Item) -> Inputs:
        if not isinstance(item.value, _Singles):
            return super().inputs(item)
        files = item.value.files
        own = blake2b(repr(files).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
        return Inputs(f"{files[0].label}\0{own}", "")

    def file_of(self, item: Item) -> str:
        if not isinstance(item.value, _Singles):
            return super().file_of(item)
        return item.value.files[0].label

    def number_of(self, item: Item) -> int:
        if not isinstance(item.value, _Singles):
            return super().number_of(item)
        return len(item.value.files)

    def _single(self, file: Listed) -> Iterator[Record]:
        try:
            data, _ = to_utf8(self.root.read_bytes(file.label), file.label)
            findings, document = finished(self.parse(file.label, data))
        except ParseError as error:
            yield code(self.fault).at(
                Place.of(error, file.label),
                error.message,
                "none of its objects are converted; restore the file",
            )
            return
        yield from findings
        if document is None:
            yield self.other_file(file.label)
            return
        for entry in document.entries[:1]:
            yield from self._read(Page(file.label, file.split, []), file.image, self.filled(entry))
        for entry in document.entries[1:]:
            message = f"a second image in the file of {file.image}: not read"
            yield msgspec.structs.replace(bad_object(entry.place, message), lost=entry.objects)

    # What is in a file.

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        raw = yield from whole(data, name)
        keys = keys_of(raw)
        if keys is not None and "frames" in keys and text_of(keys.get("name")):
            return (yield from _of_one_image(keys, name))
        if keys is None:
            frames, where = _elements(raw, name), "$[{}]"
        elif "frames" not in keys:
            frames, where = [raw], "$"
        else:  # {"frames": [...], "config": {...}}
            frames, where = _elements(keys["frames"], name), "$.frames[{}]"
        if frames is None or (frames and not any(map(_is_frame, frames[:100]))):
            return None
        entries: list[Entry] = []
        for index, one in enumerate(frames):
            place = Place(name, where.format(index))
            frame = keys_of(one)
            objects = _objects(frame)
            if frame is None or objects is None:
                yield bad_object(place, "expected a frame with a name and a list of labels")
                continue
            written = _image_name(frame)
            entries.append(Entry(written, place, len(objects), (one,), _size(frame)))
        return Document([*_of_videos(entries)])

    def filled(self, entry: Entry) -> Entry:
        return entry._replace(content=tuple(map(bytes, entry.content)))

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        frame, *above = [keys_of(msgspec.Raw(one)) or {} for one in entry.content]
        name = next((name for name in _OBJECTS if name in frame), "")
        instances: list[Instance] = []
        room = drawn.Room(sum(map(len, entry.content)))
        for index, raw in enumerate(members_of(frame.get(name)) or ()):
            where = entry.place.at(f".{name}[{index}]")
            drops = self.options.ignored == "drop"
            one = yield from instance_of(keys_of(raw), size, room, where, drops=drops)
            instances += [one] if one is not None else []
        keys = (above[0] if above else {}) | frame
        attributes = plain(keys.pop("attributes", msgspec.Raw(b"{}")))
        return Contents(
            instances,
            own_keys("bdd100k", rest_of(keys, "name", "frames", "size", *_OBJECTS)),
            dict(in_64_bits(attributes)) if isinstance(attributes, dict) else {},
        )


def _of_one_image(keys: Keys, name: str) -> Part[Document]:
    """Returns the frames of a file that has one name; of an image, there is one."""
    frames = members_of(keys["frames"])
    above = msgspec.json.encode({key: raw for key, raw in keys.items() if key != "frames"})
    entries: list[Entry] = []
    for index, raw in enumerate([_NO_FRAME] if frames == [] else frames or ()):
        place = Place(name, f"$.frames[{index}]")
        objects = _objects(keys_of(raw))
        if objects is None:
            yield bad_object(place, "expected a frame with a list of objects")
        else:
            content = (raw, above)
            entries.append(Entry(_image_name(keys), place, len(objects), content, _size(keys)))
    if frames is None:
        yield bad_object(Place(name, "$.frames"), "expected a list of frames")
    return Document(entries)


def _of_videos(entries: list[Entry]) -> Iterator[Entry]:
    """The same entries; of frames with the same name, each in the folder of its video."""
    count = Counter(entry.name for entry in entries)
    for entry in entries:
        (frame,) = entry.content
        video = text_of((keys_of(frame) or {}).get("videoName")) if count[entry.name] > 1 else ""
        yield entry._replace(name=f"{video}/{entry.name}", also=(entry.name,)) if video else entry


def _elements(raw: msgspec.Raw, name: str) -> list[msgspec.Raw] | None:
    """The elements of a list; None if it is none."""
    return elements(raw, name) if bytes(memoryview(raw)[:1]) == b"[" else None


def _is_frame(raw: msgspec.Raw) -> bool:
    keys = keys_of(raw)
    if keys is None or "name" not in keys or "category" in keys:
        return False
    return not keys.keys().isdisjoint(_OF_FRAME)


def _objects(frame: Keys | None) -> list[msgspec.Raw] | None:
    """The objects of a frame; None if they are no list, or if it is an object itself."""
    if frame is None or "category" in frame:  # [{"name": ..., "category": ..., "bbox": ...
        return None
    raw = next((frame[name] for name in _OBJECTS if name in frame), None)
    return [] if raw is None or bytes(raw) == b"null" else members_of(raw)


def _image_name(frame: Keys) -> str:
    name = text_of(frame.get("name"))
    return name if not name or is_image(name) else f"{name}.jpg"


def _size(frame: Keys) -> tuple[int, int] | None:
    size = keys_of(frame.get("size")) or {}
    return stated_size(number_of(size.get("width")), number_of(size.get("height")))
