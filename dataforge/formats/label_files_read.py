"""Reads formats that have a text file for each image, with a row for each object."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Inputs,
    Item,
    Part,
    Reading,
    Record,
    SourceText,
    finished,
    too_many_objects,
)
from dataforge.formats.images import unreadable_image
from dataforge.formats.label_files import Listed
from dataforge.io import MAX_OBJECTS, MAX_VALUES, Root, to_utf8
from dataforge.records import Image, Instance

R = TypeVar("R", bound=tuple[Any, ...])
"""A row."""


class Numbered(NamedTuple):
    """A line that is not blank; counted from 1."""

    number: int
    text: str


def bad_row(place: Place, fault: str) -> Finding:
    """The finding on a row that cannot be read."""
    return code("bad-row").at(place, fault, "correct or delete the row", lost=1)


class LabelFilesReading(Reading, Generic[R]):
    """The label files of one folder; an item is one of them.

    Args:
        root: the folder.
        context: see `Context`.
    """

    def __init__(self, root: Root, context: Context) -> None:
        self.root = root
        self._keep_text = context.keep_text

    # What a format says.

    @abstractmethod
    def find(self) -> Part[Sequence[Listed]]:
        """Returns the label files in path order; a file may be in several splits."""

    @abstractmethod
    def row(self, line: str, file: Listed) -> R | str:
        """The row of a line, or what is wrong with it."""

    @abstractmethod
    def instance(self, row: R, place: Place, size: tuple[int, int]) -> Part[Instance | None]:
        """Returns the instance of a row, None if it is left out; the image has (width, height)."""

    def header(self, lines: list[Numbered]) -> tuple[dict[str, Any], list[Numbered]]:
        """(the attributes of the image, the lines that are rows)."""
        return {}, lines

    def evidence(self, image: Image) -> Iterator[Evidence]:
        """What an image says about the whole dataset."""
        yield from ()

    # Reading.

    def items(self) -> Iterator[Item | Record]:
        findings, files = finished(self.find())
        yield from findings
        self.total = len(files)
        seen: set[str] = set()
        for number, file in enumerate(files):
            yield Item(number, (file, file.label not in seen))
            seen.add(file.label)

    def inputs(self, item: Item) -> Inputs:
        file, is_first = item.value
        frames = "\0".join(file.frames).encode("utf-8", "surrogateescape")
        name = f"{file.split}\0{file.label}\0{file.image}"
        return Inputs(name, file.label, bytes((is_first,)) + frames)

    def file_of(self, item: Item) -> str:
        return str(item.value[0].label)

    def read(self, item: Item) -> Iterator[Record]:
        file, is_first = item.value
        data, text = self._text(file.label)
        if text is None:
            yield code("unreadable-labels").at(
                Place(file.label),
                f"is not text, or too large: {file.image or 'none of its objects'} is skipped",
                "restore the file, or annotate the image again",
            )
            return
        if (number := text.count("\n")) > MAX_VALUES:
            yield too_many_objects(Place(file.label), number)
            return
        lines = [
            Numbered(number, line)
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip()
        ]
        if len(lines) > self.most(file):
            yield too_many_objects(Place(file.label), len(lines))
            return
        if is_first and self._keep_text:
            yield SourceText(file.label, data)
        yield from self.images(file, lines)

    def most(self, file: Listed) -> int:
        """The number of lines that a label file may have."""
        return MAX_OBJECTS

    def images(self, file: Listed, lines: list[Numbered]) -> Iterator[Record]:
        """The image of a label file, and what is found in it."""
        attributes, rows = self.header(lines)
        if not file.image:
            number = sum(not isinstance(self.row(line.text, file), str) for line in rows)
            yield code("image-missing").at(
                Place(file.label),
                f"no image of this name: {plural(number, 'object')} not converted",
                "restore the image",
                lost=number,
                severity="error" if number else "warning",
            )
            return
        yield from self.image(file, rows, attributes)

    def image(
        self, file: Listed, rows: Sequence[Numbered], attributes: dict[str, Any]
    ) -> Iterator[Record]:
        """An image with the objects of some rows."""
        try:
            width, height = self.root.image_size(file.image)
        except (ParseError, OSError) as error:
            yield unreadable_image(file.image, error, lost=len(rows))
            return
        instances = []
        for line in rows:
            place = Place(file.label, line=line.number)
            row = self.row(line.text, file)
            if isinstance(row, str):
                yield bad_row(place, row)
                continue
            instance = yield from self.instance(row, place, (width, height))
            if instance is not None:
                instances.append(instance)
        found = Image(
            file_name=file.image,
            width=width,
            height=height,
            instances=tuple(instances),
            place=Place(file.label),
            split=file.split,
            attributes=attributes,
        )
        yield from self.evidence(found)
        yield found

    def _text(self, name: str) -> tuple[bytes, str | None]:
        try:
            data = self.root.read_bytes(name)
            return data, to_utf8(data, name)[0].decode()
        except (ParseError, UnicodeError):
            return b"", None
