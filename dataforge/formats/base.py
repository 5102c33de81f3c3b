"""What a format is: a reader, a writer and an editor.

    formats/x/__init__.py    FORMAT = Format(name="x", about=..., reader=..., ...)
    formats/x/read.py        a Reader: options -> Reading -> records
    formats/x/write.py       a Writer: options -> Writing -> files
    formats/x/edit.py        an Editor: edits of findings -> changes of a file's text

and one row in `dataforge.formats.table`. These fields alone say what a format can do.

Reading and writing work in shards, so that the same code runs in one process, in several processes
and on several machines:

    reading.items()              in the parent: what to read, in path order
    reading.read(item)           anywhere: records, findings and evidence of one item
    reading.decide(evidence)     in the parent: what only the whole dataset shows
    reading.settle(image, ...)   anywhere: what the decision changes
    reading.finish(...)          in the parent: findings on the dataset as a whole

    writing.write(images)        anywhere: a shard's own files, and its pieces of the shared ones
    writing.finish(streams)      in the parent: the shared files from the pieces in order

A `Reading` and a `Writing` are pickled once per worker: they contain the options and an index of
names, but no open files. Each annotation file is opened once, in `items` or in `read`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec

from dataforge.classes import Resolver
from dataforge.codes import code
from dataforge.findings import Edit, Finding, Place
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import Signature
from dataforge.formats.spans import Change
from dataforge.formats.tally import LossCount
from dataforge.formats.text import Text
from dataforge.io import MAX_OBJECTS, Root
from dataforge.layouts import Layout
from dataforge.records import Header, Image, Polygons, Ring

T = TypeVar("T")
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - options
Part: TypeAlias = Generator[Finding, None, T]
"""A part of a reader: yields findings and returns its result."""


def finished(steps: Generator[Finding, None, T]) -> tuple[list[Finding], T]:
    """(findings that a part yields, its result)."""
    found = []
    while True:
        try:
            found.append(next(steps))
        except StopIteration as end:
            return found, end.value


def too_many_objects(place: Place, number: int) -> Finding:
    """The finding on an image with more than `MAX_OBJECTS`."""
    return code("too-many-objects").at(
        place,
        f"has {number:,} objects, more than {MAX_OBJECTS:,}: not read",
        "remove what does not belong to the image",
        lost=number,
    )


# Reading ----------------------------------------------------------------------------------------


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader gets in addition to its options.

    Attributes:
        resolver: decides whether two labels mean the same class (`Resolver.same`).
        layout: where the files are, for a format that has a layout.
        strict: also report what dataforge understands but other readers do not, and what is
            untidy, as `check` does.
        wanted: codes to report, so that nothing costly is searched for without need; None for
            all.
        keep_text: yield the `SourceText` of each annotation file, because it will be edited.
    """

    resolver: Resolver
    layout: Layout | None = None
    strict: bool = False
    wanted: frozenset[str] | None = None
    keep_text: bool = False

    def wants(self, code: str) -> bool:
        """Whether findings of a code that only a strict reader reports are wanted."""
        return self.strict and (self.wanted is None or code in self.wanted)


class Evidence(msgspec.Struct, frozen=True):
    """What one item says about the whole dataset; passed on in order to `decide` and `finish`.

    Attributes:
        kind: what it is about.
        value: of builtin types, because it is encoded between processes.
    """

    kind: str
    value: Any = None


class SourceText(msgspec.Struct, frozen=True):
    """The bytes of an annotation file as read.

    Attributes:
        file: path relative to the folder that is read.
        data: the whole file.
    """

    file: str
    data: bytes


Record: TypeAlias = Header | Image | Finding | Evidence | SourceText
Found: TypeAlias = Mapping[str, Sequence[Any]]
"""Kind of evidence -> its values, in the order of the items."""


class Item(NamedTuple):
    """Something to read: a file, or a page of a large file.

    Attributes:
        number: counts the items of the dataset from 0.
        value: what `Reading.read` needs; picklable.
    """

    number: int
    value: Any


class Inputs(NamedTuple):
    """What the records of an item depend on, apart from options, context and what a `Root` shows.

    Attributes:
        name: tells the item from the others; the same when the dataset is read again.
        file: its annotation file, which may be opened with those of other items; empty if none.
        rest: anything else, encoded.
    """

    name: str
    file: str
    rest: bytes = b""


class Reading(ABC):
    """One dataset while it is being read."""

    decides = False
    """Whether `decide` and `settle` have an effect with these options."""

    shard = 200
    """Items that are read together; 1 if an item is already a page of many images."""

    total: int | None = None
    """What `number_of` gives of all items; None until `items` has given the first, or if that is
    not known then."""

    @abstractmethod
    def items(self) -> Iterator[Item | Record]:
        """The items in path order, and what is known about the dataset before they are read.

        Raises:
            InputError: there is nothing that can be read.
        """

    @abstractmethod
    def read(self, item: Item) -> Iterator[Record]:
        """Read one item; errors in it are findings, never exceptions."""

    def read_all(self, items: Sequence[Item]) -> Iterator[Iterator[Record]]:
        """What `read` gives of each item; each is consumed before the next is asked for.

        A format that can do something for many items at once does so here.
        """
        return map(self.read, items)

    def inputs(self, item: Item) -> Inputs:
        """What an item depends on, so that what it gave before can be used again (`--cache`).

        A format that does not define this is read each time.

        The files that are opened, or whose existence is asked for, while its records are read are
        known to the root's `Trace`. If names are looked up, as in `Root.files`, `Trace.ask` has to
        be told, and `names` to say which there are.
        """
        raise NotImplementedError

    def names(self, like: str) -> Iterable[str]:
        """The names that matter to an item which has asked for those like this one, see `alike`."""
        return ()

    def number_of(self, item: Item) -> int:
        """Number of files in an item, or of images if it is a page of them."""
        return 1

    def file_of(self, item: Item) -> str:
        """The annotation file of an item, or its image if it has none, for messages."""
        return str(item.value)

    def decide(self, found: Found) -> Any:
        """What follows from all items, of builtin types; called once, if `decides` is set."""
        return None

    def settled_by(self, decision: Any) -> Any:
        """The part of the decision that `settle` looks at."""
        return decision

    def settle(self, image: Image, decision: Any) -> Iterator[Image | Finding]:
        """An image after the decision."""
        yield image

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        """The findings at the end; a `Header` if `items` had none."""
        return iter(())


class Reader(ABC, Generic[O]):
    """The reading side of a format.

    Attributes:
        Options: what a caller may choose; each field becomes a command-line option, whose help is
            the field's ``msgspec.Meta(description=...)``.
        endings: of annotation files, lower case, where they are no usual ones (.json, .txt, .csv):
            ``--watch`` looks at these, too.
    """

    Options: type[O]
    endings: tuple[str, ...] = ()

    @abstractmethod
    def open(self, root: Root, options: O, context: Context) -> Reading:
        """Start to read a folder; only names are looked at.

        Raises:
            UsageError: an option is invalid.
            InputError: a folder that an option names does not exist.
        """

    def image_root(self, options: O) -> str | None:
        """The folder that image paths are relative to, if the options name one."""
        return None

    def extracts_images(self, options: O) -> bool:
        """Whether a missing image may be extracted from its annotation file."""
        return False

    def extracted_image(self, root: Root, source: str) -> bytes:
        """The image file embedded in an annotation file.

        Raises:
            ParseError: there is none.
        """
        raise NotImplementedError


# Writing ----------------------------------------------------------------------------------------


class Numbered(NamedTuple):
    """An image that is going to be written.

    Attributes:
        split: its split.
        number: counts the split's images from 1.
        first_instance: number of the image's first instance; counts the split's from 1.
        image: with class names as labels.
    """

    split: str
    number: int
    first_instance: int
    image: Image


Outlines: TypeAlias = Literal["rings", "json", "none"]
"""How a writer gets polygons: as `Polygons`; as a `WrittenOutline`; or as one without text."""


class WrittenOutline(Polygons, frozen=True, tag="polygons", kw_only=True, gc=False):
    """Polygons on their way to a writer, see `Writer.outlines`.

    Attributes:
        text: the rings as JSON.
    """

    rings: tuple[Ring, ...] = ()
    text: bytes = b""


class WritePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before anything is written.

    Attributes:
        stage: empty folder to write to, or the file itself if `out` ends in ``.json``.
        out: name of the output, for findings.
        header: its categories are the classes in order, the same for all splits.
        splits: names, in order.
        image_folder: path from the output folder to images that stay in place; empty if they are
            below it or placed in it.
    """

    stage: Path
    out: str
    header: Header
    splits: tuple[str, ...]
    image_folder: str = ""


class Written(msgspec.Struct, kw_only=True):
    """What a shard contributes to the shared files, and what it could not carry.

    Attributes:
        streams: name -> bytes to append to it.
        losses: counts, see `dataforge.formats.tally`.
        findings: on single images and objects.
        left_out: split -> class -> number of instances that are not written, see
            `dataforge.formats.tally.LeftOut`.
    """

    streams: dict[str, bytes] = {}
    losses: dict[str, LossCount] = {}
    findings: list[Finding] = []
    left_out: dict[str, dict[str, int]] = {}


class Writing(ABC):
    """One output while it is being written.

    Attributes:
        left_out: as in `Written`, of what `finish` does not put in place.
    """

    left_out: Mapping[str, Mapping[str, int]] = {}

    @abstractmethod
    def write(self, images: Iterable[Numbered]) -> Written:
        """Write a shard: its own files below ``plan.stage``, and pieces of the shared ones."""

    @abstractmethod
    def finish(self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:  # fmt: skip
        """Write the shared files.

        Args:
            streams: name -> all pieces in order, positioned at the start.
            losses: of all shards.
        """


class Writer(ABC, Generic[O]):
    """The writing side of a format.

    Attributes:
        Options: what a caller may choose, as for a `Reader`.
        image_mode: the default place of images: `reference` leaves them where they are.
        lists_images: whether the output lists its images in a file; otherwise all images in its
            folder belong to the dataset.
        shares_files: whether `Writing.write` writes no files of a shard's own.
    """

    Options: type[O]
    image_mode: Literal["reference", "copy"] = "copy"
    lists_images = False
    shares_files = False

    @abstractmethod
    def image_path(self, split: str, file_name: str) -> str:
        """Where an image goes, relative to the output folder."""

    @abstractmethod
    def key(self, file_name: str) -> str:
        """What must differ between two images of a split, such as the name without extension."""

    @abstractmethod
    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        """The files and top-level folders that will be created.

        Raises:
            UsageError: this output cannot hold these splits.
        """

    @abstractmethod
    def open(self, plan: WritePlan, options: O) -> Writing:
        """Start to write."""

    def outlines(self, options: O) -> Outlines:
        """How `Writing.write` can take polygons besides `Polygons`: it costs less to hand them over
        as they are written, or not at all."""
        return "rings"


# Editing ----------------------------------------------------------------------------------------


class Editor(ABC):
    """The editing side of a format: turns edits into text, so that every fix works for it."""

    @abstractmethod
    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        """The changes to the text that make one edit; empty if it cannot be made.

        Nothing else in the text changes: unknown keys, their order, comments and number formats
        stay.

        Args:
            text: of the file that ``edit.place`` names.
            edit: what to do.

        Raises:
            ParseError: the text cannot be parsed.
        """


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format.

    Attributes:
        name: as in ``labelme2coco``.
        about: a phrase for the table that `dataforge formats` prints.
        lossy: what it cannot store, one sentence each.
        reader, writer, editor: None if it cannot be read, written or edited.
        recognise: finds the files of the format in a folder; None if they cannot be recognised.
        signatures: what betrays its files, if `Texts` is to tell them from those of others.
        has_layout: whether a `Layout` says where the files are.
        names_classes: whether it has annotations, so that a dataset without classes is an
            error.
        converts_to: names of the formats to convert to; None for all.
    """

    name: str
    about: str
    lossy: tuple[str, ...] = ()
    reader: Reader[Any] | None = None
    writer: Writer[Any] | None = None
    editor: Editor | None = None
    recognise: Callable[[Texts], Recognised] | None = None
    signatures: tuple[Signature, ...] = ()
    has_layout: bool = False
    names_classes: bool = True
    converts_to: tuple[str, ...] | None = None
