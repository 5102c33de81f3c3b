"""Reads files that name images and say what is on them: a list of images in one file, or several.

A format says how its files are taken apart and what an object is; the images are found, their sizes
read and the splits named here. An item is a page: some hundred entries of one file.
"""

from __future__ import annotations

import math
import pickle
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
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
)
from dataforge.formats.listed_images import Entry, EntryImages, lost, where
from dataforge.formats.other_files import other_files
from dataforge.formats.resized import resized, resized_size
from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages, find_size
from dataforge.io import (
    MAX_COCO_BYTES,
    MAX_COORDINATE,
    Root,
    in_64_bits,
    is_image,
    to_utf8,
)
from dataforge.layouts import shared_folders, split_of_json, splits_said
from dataforge.records import Category, Extra, Header, Image, Instance

_PAGE, _PAGE_BYTES = 200, 2**20
_FILES = "files"
"""Evidence of a file of the format: its name."""

_OTHER = "other"
"""Evidence of a file that is none: its name."""


class ListedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files that name images are read."""

    image_dir: Annotated[
        str | None,
        msgspec.Meta(description="Folder that image paths are relative to, if not the dataset's."),
    ] = None
    verify_images: Annotated[bool, VERIFY_IMAGES] = False
    missing_images: MissingImages = "keep"


O = TypeVar("O", bound=ListedOptions)  # noqa: E741 - options


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
        shares: whether objects are shares of the size that an entry states, so that they are right
            in a resized image, too.
    """

    shard = 1
    endings: ClassVar[tuple[str, ...]] = (".json",)
    kind: ClassVar[str]
    fault: ClassVar[str] = "unreadable-json"
    shares: ClassVar[bool] = False

    def __init__(self, root: Root, options: O, context: Context) -> None:
        self.root = root
        self.options = options
        self.context = context
        self.images_root = root.other(options.image_dir) if options.image_dir else root
        self.looked_for = root.lists
        self.names_of_files = self.candidates()
        self.decides = len(self.names_of_files) > 1
        self._is_whole = True  # all that files say could be read, as far as it is known
        self._classes: dict[str, None] = {}
        self._in_folder: dict[str, list[str]] | None = None
        self._names_in: dict[str, frozenset[str]] = {}

    def other_file(self, name: str) -> Evidence:
        """What is said of a file that is not of this format."""
        return Evidence(_OTHER, name)

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
        if self.root.only is not None or not prefixes or not self._is_whole:
            return  # the other files of the folder, or what is lost, may be about its images
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
        images: EntryImages | None = None
        for name in self.names_of_files:
            try:
                source = self.bytes_of(name)
                data, encoding = to_utf8(source, name)
                findings, document = finished(self.parse(name, data))
            except ParseError as error:
                self._is_whole = False
                yield code(self.fault).at(
                    Place.of(error, name),
                    error.message,
                    "none of its objects are converted; restore the file",
                )
                continue
            yield from findings
            self._is_whole &= not any(one.code == "bad-entry" for one in findings)
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
            found = images.of(name, document.entries)
            folder = name.rpartition("/")[0]
            prefixes[name] = found.prefix if document.entries or not folder else f"{folder}/"
            yield from where(name, found)
            usable, findings = images.placed(found, document.entries)
            yield from findings
            used.update(path for path, _ in usable)
            for page in _pages(name, self._split(name), usable):
                entries = [(path, self.filled(entry)) for path, entry in page.entries]
                yield Item(next(numbers), page._replace(entries=entries))
        used.update(images.meant if images is not None else ())
        yield from map(self.other_file, others)
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
        return splits_said(found.get(_FILES, ()))

    def settle(self, image: Image, decision: Any) -> Iterator[Image]:
        split = decision.get(image.place.file, image.split)
        yield image if image.split == split else msgspec.structs.replace(image, split=split)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        yield from other_files(sorted(found.get(_OTHER, ())), f"is not a {self.kind}")
        if self._classes:
            yield Header(categories=tuple(Category(name=name) for name in self._classes))

    def _split(self, name: str) -> str | None:
        """The split that a name means: preliminary if there are several files, see `settle`."""
        split = split_of_json(name)
        return None if split == "all" else split

    def _images(self) -> EntryImages:
        return EntryImages(
            self.images_root,
            self.options.missing_images,
            is_given=self.options.image_dir is not None,
            looked_for=self.looked_for,
            owner=self._owner,
        )

    def _owner(self, file: str, image: str) -> str | None:
        """The file nearer to an image than another one that names it from its own folder."""
        if self._in_folder is None:
            self._in_folder = {}
            for name in self.names_of_files:
                self._in_folder.setdefault(name.rpartition("/")[0], []).append(name)
        parts = image.split("/")
        for depth in range(len(parts) - 1, shared_folders(file, image), -1):
            folder, inside = "/".join(parts[:depth]), "/".join(parts[depth:])
            for name in self._in_folder.get(folder, ()):
                if inside in self.names_in(name):
                    return name
        return None

    def names_in(self, name: str) -> frozenset[str]:
        """The names of images in a file; none if it cannot be read."""
        if name not in self._names_in:
            try:
                _, document = finished(self.parse(name, to_utf8(self.bytes_of(name), name)[0]))
            except ParseError:
                document = None
            entries = document.entries if document is not None else ()
            self._names_in[name] = frozenset(entry.name for entry in entries)
        return self._names_in[name]

    def _read(self, page: Page, path: str, entry: Entry) -> Iterator[Record]:
        verify, drawn = self.options.verify_images and self.looked_for, entry.size
        size = drawn
        if self.shares and drawn is not None and self.looked_for:
            size = yield from resized_size(self.images_root, path, drawn, place=entry.place)
        if size == drawn:
            size = drawn = yield from find_size(
                self.images_root, path, drawn, verify=verify, place=entry.place
            )
        if size is None or drawn is None:
            message = f"no image file gives the size of {path}"
            yield lost("no-image-size", entry, message, "restore the image")
            return
        found = yield from self.contents(entry, drawn)
        if size != drawn:
            found.instances = yield from resized(found.instances, drawn, size)
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


# What formats share ------------------------------------------------------------------------------


def fault_of(values: Iterable[float]) -> str:
    """Why numbers cannot be coordinates, if so."""
    for value in values:
        if not math.isfinite(value):
            return "a number is not finite"
        if not -MAX_COORDINATE <= value <= MAX_COORDINATE:
            return "a number is millions of pixels away"
    return ""


def bad_object(place: Place, message: str, remedy: str = "correct or delete the object") -> Finding:
    """The finding on an object that cannot be read."""
    return code("bad-entry").at(place, message, remedy, lost=1)


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
