"""Reads tables of boxes; `columns` says which, and how the columns are told."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Evidence, Found, Item, Part, Reader, Record
from dataforge.formats.csv.classes import ClassNames, ClassNumbers, class_names
from dataforge.formats.csv.columns import Columns, by_values, not_found, of_header, without_header
from dataforge.formats.csv.table import Rows, Table, dialect_of, never_a_box
from dataforge.formats.listed import (
    LABEL,
    Contents,
    Document,
    ListedOptions,
    ListedReading,
    Page,
    bad_object,
    fault_of,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.other_files import other_files
from dataforge.formats.outlines import in_order
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import seen_size
from dataforge.formats.table_rows import columns_of, delimiter_of, rows_of
from dataforge.geometry import box_area
from dataforge.io import Root, is_image, last_part, stem, to_utf8
from dataforge.layouts import SPLIT_NAMES
from dataforge.records import Header, Instance

_SAMPLED = 20_000
"""Rows, evenly spread, whose values tell what the numbers are."""

_HEAD = 40
"""Rows that tell whether a file without header is a table of boxes."""

_OPENED = 1000
"""Images whose sizes tell whether a text is corners or a corner and a size."""

_SMALL = 4 * 2**20
"""Bytes of a file that may list classes."""

_NOT_FOUND = "not found"
"""Evidence of a table that is not understood: its name, and why."""

_LONGEST = 1000  # characters of an attribute


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tables of boxes are read."""

    unit: Annotated[
        Literal["auto", "pixels", "shares"],
        msgspec.Meta(
            description="What the numbers of a table of boxes are: pixels, shares of the image, or "
            "what their values show."
        ),
    ] = "auto"
    label: Annotated[str, LABEL] = "object"


def recognise(texts: Texts) -> Recognised:
    """Tables whose header or rows are those of boxes."""
    number = len(texts.of("csv", texts=True))
    return Recognised(number, f"{plural(number, 'table')} of boxes")


class CsvReader(Reader[ReadOptions]):
    """Reads every table of boxes below a folder; its name or folder may say a split."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> CsvReading:
        return CsvReading(root, options, context)


class CsvReading(ListedReading[ReadOptions]):
    """The tables of one folder."""

    endings = (".csv", ".tsv", ".txt")
    kind = "table of boxes"
    fault = "unreadable-table"

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, options, context)
        self._held: dict[str, bytes] = {}
        self._lists: set[str] = set()
        self._known = ClassNames()
        self._numbers = ClassNumbers()
        self._not_found: dict[str, str] = {}
        self._text = ""
        self._images_called: dict[str, list[str]] | None = None
        self._sizes: dict[str, tuple[int, int] | None] = {}

    def items(self) -> Iterator[Item | Record]:
        yield from self._look_for_classes()
        yield from super().items()
        self._text = ""

    def _look_for_classes(self) -> Iterator[Finding]:
        """Read the small files first: tables are understood with the names of their classes."""
        for name in self.names_of_files if len(self.names_of_files) > 1 else ():
            try:
                if self.root.size(name) > _SMALL:
                    continue
                self._held[name] = data = self.root.read_bytes(name)
                found = class_names(to_utf8(data, name)[0].decode())
            except (ParseError, OSError):
                continue  # said when it is read
            if found is not None:
                self._known.take(found)
                self._lists.add(name)
                del self._held[name]
        self.names_of_files = [name for name in self.names_of_files if name not in self._lists]
        self._classes.update(dict.fromkeys(self._known.order))
        yield from ()

    def bytes_of(self, name: str) -> bytes:
        held = self._held.pop(name, None)
        return super().bytes_of(name) if held is None else held

    def other_file(self, name: str) -> Evidence:
        why = self._not_found.get(name)
        return Evidence(_NOT_FOUND, (name, why)) if why else super().other_file(name)

    def names_in(self, name: str) -> frozenset[str]:
        text = self._text  # of the table that is being read
        try:
            return super().names_in(name)
        finally:
            self._text = text

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        text = data.decode()
        columns, begin = self._columns(name, text)
        if columns is None:
            return None
        if self.options.unit != "auto":
            columns = columns._replace(unit=self.options.unit)
        self._text = text
        table = Table(columns)
        for line, at, end, row in rows_of(text, columns.delimiter):
            if line < begin:
                continue
            if row is None or len(row) > columns.number or not columns.cell(row, columns.image):
                yield bad_object(Place(name, line=line), _why(row, columns))
                continue
            table.add(row, (line, at, end))
        yield dialect_of(name, columns, self._known.names)
        without_box = table.without_box()
        if without_box:
            yield never_a_box(name, without_box)
        yield from table.of_two_sizes(name)
        for number, label in table.numbers:
            if label not in without_box:
                self._numbers.add(number, self._name(label))
        return Document(table.entries(name, columns._replace(without_box=frozenset(without_box))))

    def _columns(self, name: str, text: str) -> tuple[Columns | None, int]:
        """(what the columns are, the line that the rows begin with)."""
        head: list[Sequence[str]] = []
        delimiter = delimiter_of(text[:100_000].splitlines()[:1])
        first = 1
        for line, _, _, row in rows_of(text, delimiter):
            first = first if head else line
            head.append(row or [])
            if len(head) == _HEAD:
                break
        if not head:
            return None, 1
        columns, begin = of_header(head[0], delimiter), first + 1
        if columns is None:
            columns, begin = without_header(head, delimiter), 1
        if columns is None:
            self._not_found[name] = not_found(head[0])
            return None, 1
        return by_values(columns, _spread(text, delimiter, begin), self._size_of), begin

    def _size_of(self, name: str) -> tuple[int, int] | None:
        """(width, height) of the only image of this name, of a limited number of images."""
        if not self.looked_for:
            return None
        if self._images_called is None:
            self._images_called = {}
            for image in filter(is_image, self.images_root.files()):
                for called in {last_part(image), stem(last_part(image))}:
                    self._images_called.setdefault(called, []).append(image)
        found = self._images_called.get(last_part(name), ())
        if len(found) != 1:
            return None
        if found[0] not in self._sizes and len(self._sizes) < _OPENED:
            self._sizes[found[0]] = seen_size(self.images_root, found[0])
        return self._sizes.get(found[0])

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        for why in sorted({why for _, why in found.get(_NOT_FOUND, ())}):
            names = sorted(name for name, own in found[_NOT_FOUND] if own == why)
            yield from other_files(names, f"is not read as a {self.kind}, as {why}")
        self._classes.update(dict.fromkeys(self._numbers.order))
        yield from super().finish(found, decision)

    def filled(self, entry: Entry) -> Entry:
        content: Rows = entry.content
        at = content.at
        rows = [(at[i], self._text[at[i + 1] : at[i + 2]]) for i in range(0, len(at), 3)]
        return entry._replace(content=Rows(content.columns, array("q"), rows))

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        content: Rows = entry.content
        columns = content.columns
        instances: list[Instance] = []
        for line, text in content.rows:
            place = Place(entry.place.file, line=line)
            row = columns_of(text, columns.delimiter) or []
            try:
                boxes = columns.boxes(row)
            except ValueError as error:
                yield bad_object(place, str(error))
                continue
            label = columns.cell(row, columns.label) if columns.label is not None else None
            if not boxes and label and label not in columns.without_box:
                yield bad_object(place, "has a class, but no box")
            for numbers in boxes:
                box = columns.box(numbers, size)
                if label == "" or (fault := fault_of(box)):
                    yield bad_object(place, "has no class" if label == "" else fault)
                    continue
                name = self._name(label)
                box = yield from in_order(box, name, place)
                instances.append(
                    Instance(
                        label=name,
                        box=box,
                        area=box_area(box),
                        iscrowd=columns.cell(row, columns.crowd) in ("1", "true", "True"),
                        place=place,
                        attributes=_attributes(columns, row),
                    )
                )
        return Contents(instances)

    def _name(self, label: str | None) -> str:
        if label is None:
            return self.options.label
        return self._known.names.get(label, label)

    def without_entry(
        self, prefixes: Mapping[str, str], used: set[str]
    ) -> Iterator[Finding | Page]:
        """Images without a row beside those of a table: as tables can list no others.

        If a row could not be read that does not say whose it is, it may be any of theirs.
        """
        if self.root.only is not None:
            return
        own: dict[str, list[str]] = {file: [] for file in prefixes}
        rest: list[str] = []
        for image in self.images_root.files():
            if is_image(image) and image not in used:
                file = _owner(image, prefixes, used)
                (own[file] if file is not None else rest).append(image)
        if not self._is_whole and (unclear := [image for some in own.values() for image in some]):
            yield _without_rows(Place(unclear[0]), unclear, _UNCLEAR)
            own = {}
        for file, images in own.items():
            if images:
                yield _without_rows(Place(file), images, _AS_EMPTY)
            for at in range(0, len(images), 200):
                some = images[at : at + 200]
                nothing = Rows(Columns(",", 0, 0, None, (), "corners"), array("q"))
                entries = [(image, Entry(image, Place(file), 0, nothing)) for image in some]
                yield Page(file, self._split(file), entries)
        if rest and prefixes:
            yield _without_rows(Place(rest[0]), rest, _NOT_WRITTEN)


def _spread(text: str, delimiter: str, begin: int) -> Iterator[Sequence[str]]:
    """Rows of a table, evenly spread."""
    step = max(text.count("\n") // _SAMPLED, 1)
    for number, (line, _, _, row) in enumerate(rows_of(text, delimiter)):
        if line >= begin and number % step == 0 and row is not None:
            yield row


def _why(row: Sequence[str] | None, columns: Columns) -> str:
    """Why a row cannot be read."""
    if row is None:
        return "is no row: its quotation marks do not match, or it is too long"
    if len(row) > columns.number:
        return f"expected {columns.number} columns, got {len(row)}"
    return "names no image"


def _attributes(columns: Columns, row: Sequence[str]) -> dict[str, Any]:
    """The content of further columns; numbers as numbers."""
    found: dict[str, Any] = {}
    for index, name in columns.rest.items():
        if text := columns.cell(row, index)[:_LONGEST]:
            found[name] = _value(text)
    return found


def _value(text: str) -> Any:
    if (
        len(text) < 16
        and text.lstrip("-").isdecimal()
        and text.isascii()
        and str(int(text)) == text
    ):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return text
    return value if repr(value) == text else text


def _owner(image: str, prefixes: Mapping[str, str], used: set[str]) -> str | None:
    """The table that an image without a row belongs to; None if several could be it, or none."""
    fitting = [file for file, prefix in prefixes.items() if image.startswith(prefix)]
    longest = max((len(prefixes[file]) for file in fitting), default=-1)
    nearest = [file for file in fitting if len(prefixes[file]) == longest]
    if len(nearest) != 1:
        return None
    prefix = prefixes[nearest[0]]
    top, slash, _ = image[len(prefix) :].partition("/")
    if slash and top.lower() in SPLIT_NAMES:  # such as the images of a test set
        begin = f"{prefix}{top}/"
        return nearest[0] if any(name.startswith(begin) for name in used) else None
    return nearest[0]


_AS_EMPTY = "read as images without objects"
_NOT_WRITTEN = "not written"
_UNCLEAR = "not written, as rows that cannot be read may be theirs"

_WITHOUT_ROWS = {
    _AS_EMPTY: "make sure that they have no objects",
    _NOT_WRITTEN: "annotate them",
    _UNCLEAR: "correct the rows that cannot be read",
}
"""What becomes of images without a row -> remedy."""


def _without_rows(place: Place, images: Sequence[str], what: str) -> Finding:
    return code("image-without-labels").at(
        place,
        f"{plural(len(images), 'image')} without a row ({images[0]} is the first): {what}",
        _WITHOUT_ROWS[what],
    )
