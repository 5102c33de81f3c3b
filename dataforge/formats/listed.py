"""Reads files that name images and say what is on them: a list of images in one file, or several.

A format says how its files are taken apart and what an object is; the images are found, their sizes
read and the splits named here. An item is a page: some hundred entries of one file.
"""

from __future__ import annotations

import math
import pickle
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count, islice
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Inputs,
    Item,
    Part,
    Reading,
    Record,
    SourceText,
    finished,
    too_many_objects,
)
from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages, find_size
from dataforge.io import (
    MAX_COCO_BYTES,
    MAX_COORDINATE,
    MAX_OBJECTS,
    Root,
    in_64_bits,
    is_image,
    resolve,
    to_utf8,
)
from dataforge.layouts import (
    CocoImages,
    FoundImages,
    name_splits,
    path_of_url,
    split_of_json,
)
from dataforge.records import Category, Extra, Header, Image, Instance

_PAGE, _PAGE_BYTES = 200, 2**20
_FILES = "files"
"""Evidence of a file of the format: its name."""


class ListedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files that name images are read."""

    image_dir: Annotated[
        str | None,
        msgspec.Meta(description="Folder that image paths are relative to, if not the dataset's."),
    ] = None
    verify_images: Annotated[bool, VERIFY_IMAGES] = False
    missing_images: MissingImages = "keep"


O = TypeVar("O", bound=ListedOptions)  # noqa: E741 - options


class Entry(NamedTuple):
    """What a file says of one image.

    Attributes:
        name: of the image, as written.
        place: of the entry.
        objects: number of them, which are lost if the image cannot be used.
        content: what the format makes the objects of; picklable.
        size: (width, height) in pixels as stated; None if it is not.
        also: other names by which the image may be found.
    """

    name: str
    place: Place
    objects: int
    content: Any
    size: tuple[int, int] | None = None
    also: tuple[str, ...] = ()


class Document(NamedTuple):
    """What is in one file.

    Attributes:
        entries: of its images.
        classes: as declared, in order.
    """

    entries: list[Entry]
    classes: tuple[str, ...] = ()


class Page(NamedTuple):
    """Some entries of a file, with the paths of their images."""

    file: str
    split: str | None
    entries: list[tuple[str, Entry]]


class Contents(msgspec.Struct):
    """What the objects of an image, and its own keys, are.

    Attributes:
        instances: the valid objects.
        extra, attributes: see `dataforge.records.Image`.
    """

    instances: list[Instance]
    extra: Extra = {}
    attributes: dict[str, Any] = {}


class ListedReading(Reading, Generic[O]):
    """The files of one folder.

    Attributes:
        endings: of the files' names, lower case.
        kind: what a file is called in messages, as in "is not a CreateML file".
        fault: code of the finding on a file that cannot be read.
    """

    shard = 1
    endings: ClassVar[tuple[str, ...]] = (".json",)
    kind: ClassVar[str]
    fault: ClassVar[str] = "unreadable-json"

    def __init__(self, root: Root, options: O, context: Context) -> None:
        self.root = root
        self.options = options
        self.context = context
        self.images_root = root.other(options.image_dir) if options.image_dir else root
        self.looked_for = root.lists
        self.names_of_files = self.candidates()
        self.decides = len(self.names_of_files) > 1
        self._classes: dict[str, None] = {}

    # What a format says.

    @abstractmethod
    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        """Returns what is in a file; None if it is not of this format.

        Args:
            name: of the file.
            data: of the file, UTF-8.

        Raises:
            ParseError: it cannot be read.
        """

    @abstractmethod
    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        """Returns what an entry says of its image, whose (width, height) is given in pixels."""

    def candidates(self) -> list[str]:
        """The names of files that may be of this format."""
        return [name for name in self.root.files() if name.lower().endswith(self.endings)]

    def bytes_of(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            ParseError: it cannot be read.
        """
        return self.root.read_bytes(name, MAX_COCO_BYTES)

    def filled(self, entry: Entry) -> Entry:
        """An entry as it is put into a page, from the file that is at hand."""
        return entry

    def without_entry(
        self, prefixes: Mapping[str, str], used: set[str]
    ) -> Iterator[Finding | Page]:
        """What follows from images that no file names.

        Args:
            prefixes: file -> the folder that its names are relative to, with a slash.
            used: the images that are named.
        """
        if self.root.only is not None or not prefixes:
            return  # the other files of the folder may be about its images
        rest = [name for name in self.images_root.files() if is_image(name) and name not in used]
        if rest:
            yield code("image-without-labels").at(
                Place(rest[0]) if self.images_root is self.root else Place("."),
                f"{plural(len(rest), 'image')} that no {self.kind} names (this is the first): "
                "not written",
                "annotate them; an image without objects belongs into the file, too",
            )

    # Reading.

    def items(self) -> Iterator[Item | Record]:
        numbers = count()
        used: set[str] = set()
        prefixes: dict[str, str] = {}
        others: list[str] = []
        images: CocoImages | None = None
        for name in self.names_of_files:
            try:
                source = self.bytes_of(name)
                data, encoding = to_utf8(source, name)
                findings, document = finished(self.parse(name, data))
            except ParseError as error:
                yield code(self.fault).at(
                    Place.of(error, name),
                    error.message,
                    "none of its objects are converted; restore the file",
                )
                continue
            yield from findings
            if document is None:
                others.append(name)
                continue
            if self.context.keep_text:
                yield SourceText(name, source)
            yield Evidence(_FILES, name)
            if encoding not in ("utf-8", "utf-8-sig"):
                yield code("encoding").at(
                    Place(name),
                    f"is not UTF-8; read as {encoding}",
                    "check that the names are readable, then save it as UTF-8",
                )
            self._classes.update(dict.fromkeys(document.classes))
            images = images or self._images()
            found = self._found(images, name, document.entries)
            folder = name.rpartition("/")[0]
            prefixes[name] = found.prefix if document.entries or not folder else f"{folder}/"
            yield from _where(name, found)
            usable, findings = self._placed(images, found, document.entries)
            yield from findings
            used.update(path for path, _ in usable)
            for page in _pages(name, self._split(name), usable):
                entries = [(path, self.filled(entry)) for path, entry in page.entries]
                yield Item(next(numbers), page._replace(entries=entries))
        yield from self._other_files(others)
        for one in self.without_entry(prefixes, used):
            yield one if isinstance(one, Finding) else Item(next(numbers), one)

    def read(self, item: Item) -> Iterator[Record]:
        page: Page = item.value
        for path, entry in page.entries:
            yield from self._read(page, path, entry)

    def inputs(self, item: Item) -> Inputs:
        page: Page = item.value
        own = blake2b(pickle.dumps(tuple(page)), digest_size=16).hexdigest()
        return Inputs(f"{page.file}\0{own}", "")

    def file_of(self, item: Item) -> str:
        page: Page = item.value
        return page.file

    def number_of(self, item: Item) -> int:
        page: Page = item.value
        return len(page.entries)

    def decide(self, found: Found) -> dict[str, str | None]:
        """File -> split."""
        named = name_splits(found.get(_FILES, ()))
        return dict.fromkeys(named) if [*named.values()] == ["all"] else {**named}

    def settle(self, image: Image, decision: Any) -> Iterator[Image]:
        split = decision.get(image.place.file, image.split)
        yield image if image.split == split else msgspec.structs.replace(image, split=split)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        if self._classes:
            yield Header(categories=tuple(Category(name=name) for name in self._classes))

    def _split(self, name: str) -> str | None:
        """The split that a name means: preliminary if there are several files, see `settle`."""
        split = split_of_json(name)
        return None if split == "all" else split

    def _images(self) -> CocoImages:
        names = self.images_root.files() if self.looked_for else []
        return CocoImages(names, lambda _: False)

    def _found(self, images: CocoImages, file: str, entries: Sequence[Entry]) -> FoundImages:
        if not self.looked_for:
            return FoundImages()
        rest = [(one.name, *one.also) for one in entries if one.name]
        found = self._by_names(images, file, [names[0] for names in rest])
        # One after the other: of two names that can mean the same image, neither would be found.
        while rest := [
            names[1:] for names in rest if names[1:] and _found_at(images, found, names[0]) is None
        ]:
            more = self._by_names(images, file, [names[0] for names in rest])
            at = {names[0]: _found_at(images, more, names[0]) for names in rest}
            others = {name: path for name, path in at.items() if path is not None}
            found = msgspec.structs.replace(found, others=others | found.others)
        return found

    def _by_names(self, images: CocoImages, file: str, names: Sequence[str]) -> FoundImages:
        return images.in_root(names) if self.options.image_dir else images.of(file, names)

    def _placed(
        self, images: CocoImages, found: FoundImages, entries: Iterable[Entry]
    ) -> tuple[list[tuple[str, Entry]], list[Finding]]:
        """([(path of the image, entry)] of those that can be read, findings)."""
        usable: list[tuple[str, Entry]] = []
        findings: list[Finding] = []
        for entry in entries:
            if not entry.name:
                message = "expected the name of an image, got none"
                findings.append(_lost("no-file-name", entry, message, "add the name of the image"))
                continue
            path, own = self._path(images, found, entry)
            findings += own
            if path is None:
                continue
            if entry.objects > MAX_OBJECTS:
                findings.append(too_many_objects(entry.place, entry.objects))
                continue
            usable.append((path, entry))
        return usable, findings

    def _path(
        self, images: CocoImages, found: FoundImages, entry: Entry
    ) -> tuple[str | None, list[Finding]]:
        """(the path of an entry's image, None if it is not read; findings)."""
        first: str | None = None
        for written in (entry.name, *entry.also):
            inside = resolve("", path_of_url(written))
            path = found.prefix + inside if inside else None
            if path is not None and (path in images.names or not self.looked_for):
                return path, []
            if (other := found.others.get(written)) is not None:
                return other, [] if inside else [_outside(entry, written, other)]
            if path is not None and self.images_root.exists(path):
                return path, []
            first = first or path
        if first is None:
            return None, [_outside(entry, entry.name)]
        missing = f"{first} does not exist"
        if self.options.missing_images == "keep" and entry.size is not None:
            return first, [code("image-missing").at(entry.place, missing, "restore it")]
        why = (
            f"{missing}: skipped as requested"
            if entry.size
            else f"{missing}, so its size is unknown"
        )
        return None, [
            _lost("image-missing", entry, why, "restore it, or name its folder with --image-dir")
        ]

    def _read(self, page: Page, path: str, entry: Entry) -> Iterator[Record]:
        verify = self.options.verify_images and self.looked_for
        size = yield from find_size(
            self.images_root, path, entry.size, verify=verify, place=entry.place
        )
        if size is None:
            message = f"no image file gives the size of {path}"
            yield _lost("no-image-size", entry, message, "restore the image")
            return
        found = yield from self.contents(entry, size)
        yield Image(
            file_name=path,
            width=size[0],
            height=size[1],
            instances=tuple(found.instances),
            place=entry.place,
            split=page.split,
            attributes=found.attributes,
            extra=found.extra,
        )

    def _other_files(self, names: Sequence[str]) -> Iterator[Finding]:
        if names:
            more = f", and {plural(len(names) - 1, 'more file')}" if len(names) > 1 else ""
            yield code("not-of-this-format").at(
                Place(names[0]), f"is not a {self.kind}: ignored{more}"
            )


def _found_at(images: CocoImages, found: FoundImages, written: str) -> str | None:
    """The path of the image that a name means; None if there is none."""
    inside = resolve("", path_of_url(written))
    if inside is not None and found.prefix + inside in images.names:
        return found.prefix + inside
    return found.others.get(written)


def _pages(file: str, split: str | None, usable: Iterable[tuple[str, Entry]]) -> Iterator[Page]:
    rest = iter(usable)
    while entries := [*islice(rest, 1)]:
        left = _PAGE_BYTES
        for one in rest:
            entries.append(one)
            left -= one[1].objects * 100
            if left < 0 or len(entries) >= _PAGE:
                break
        yield Page(file, split, entries)


def _where(file: str, found: FoundImages) -> Iterator[Finding]:
    """The finding on several folders in which the images of a file may be."""
    if found.alike:
        others = f"{found.alike[0]}{' and others' * (len(found.alike) > 1)}"
        yield code("image-folder").at(
            Place(file),
            f"images of these names are in {found.prefix or './'} and in {others}: those in "
            f"{found.prefix or './'} are used",
            "name the folder with --image-dir",
            severity="warning",
        )


def _lost(name: str, entry: Entry, message: str, remedy: str) -> Finding:
    if entry.objects:
        message = f"{message}: {plural(entry.objects, 'object')} not converted"
    return code(name).at(entry.place, message, remedy, lost=entry.objects)


def _outside(entry: Entry, written: str, used: str = "") -> Finding:
    """The finding on a path that leads out of the image folder, though an image may be found."""
    message = f"{written!r} leaves the image folder"
    if used:
        return code("path-leaves-root").at(
            entry.place, f"{message}; {used} is used", severity="warning"
        )
    remedy = "make it relative to the image folder, or name that folder with --image-dir"
    return _lost("path-leaves-root", entry, message, remedy)


# What formats share ------------------------------------------------------------------------------


def fault_of(values: Iterable[float]) -> str:
    """Why numbers cannot be coordinates, if so."""
    for value in values:
        if not math.isfinite(value):
            return "a number is not finite"
        if not -MAX_COORDINATE <= value <= MAX_COORDINATE:
            return "a number is millions of pixels away"
    return ""


def bad_object(place: Place, message: str) -> Finding:
    """The finding on an object that cannot be read."""
    return code("bad-entry").at(place, message, "correct or delete the object", lost=1)


LABEL = msgspec.Meta(description="The class of all objects, where a file has none.")
"""Describes the option `label` of a reader."""


def own_keys(format_: str, keys: dict[str, Any]) -> Extra:
    """Keys of a format's own that say something, as a record stores them."""
    kept = {
        key: in_64_bits(value)
        for key, value in keys.items()
        if value is not None and value is not False and value not in ("", {}, [])
    }
    return {format_: kept} if kept else {}
