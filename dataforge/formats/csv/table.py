"""The rows of a table of boxes by image, and what is said of the table."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.csv.columns import Columns
from dataforge.formats.listed_images import Entry


class Rows(msgspec.Struct):
    """The rows of an image.

    Attributes:
        columns: of the table.
        at: line, begin and end of each row in the text of the file, one after the other; once the
            entry is put into a page, empty.
        rows: (line, its text) of each, once it is.
    """

    columns: Columns
    at: array[int]
    rows: list[tuple[int, str]] = []


class Table:
    """The rows of a table by image."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._rows: dict[str, array[int]] = {}
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._stated: dict[str, Sequence[str]] = {}
        self._differ: dict[str, tuple[int, tuple[int, int], tuple[int, int]]] = {}
        self._blank: Counter[tuple[str, str]] = Counter()  # of (image, class)
        self._with_box: set[str] = set()
        self.numbers: dict[tuple[str, str], None] = {}  # (number of the class, its name)

    def add(self, row: Sequence[str], at: tuple[int, int, int]) -> None:
        """Add a row.

        Args:
            row: its cells.
            at: its line, begin and end.
        """
        columns = self._columns
        image = row[columns.image]
        if image not in self._rows:
            self._rows[image] = array("q")
            self._sizes[image] = columns.stated(row)
            self._stated[image] = self._cells_of_size(row)
        elif columns.size is not None and self._stated[image] != self._cells_of_size(row):
            self._compare(image, row, at[0])
        self._rows[image].extend(at)
        label = columns.cell(row, columns.label)
        if columns.is_blank(row):
            self._blank[image, label] += 1
        else:
            self._with_box.add(label)
        if columns.number_of_class is not None:
            self.numbers[columns.cell(row, columns.number_of_class), label] = None

    def _cells_of_size(self, row: Sequence[str]) -> Sequence[str]:
        width, height = self._columns.size or (0, 0)
        return (row[width], row[height]) if max(width, height) < len(row) else ()

    def _compare(self, image: str, row: Sequence[str], line: int) -> None:
        size, known = self._columns.stated(row), self._sizes[image]
        if known is None:
            self._sizes[image] = size
        elif size is not None and size != known:
            self._differ.setdefault(image, (line, known, size))

    def without_box(self) -> dict[str, int]:
        """Class -> number of its rows, of those that have no box in any."""
        found: Counter[str] = Counter()
        for (_, label), number in self._blank.items():
            if label and label not in self._with_box:
                found[label] += number
        return found

    def of_two_sizes(self, file: str) -> Iterator[Finding]:
        """The findings on images whose rows state different sizes."""
        for image, (line, one, other) in self._differ.items():
            yield code("image-size-differs").at(
                Place(file, line=line),
                f"the rows of {image} state different sizes, {one[0]}x{one[1]} and "
                f"{other[0]}x{other[1]}: that of the image file is used",
                "correct the sizes, and check that the boxes were drawn on this image",
            )

    def entries(self, file: str, columns: Columns) -> list[Entry]:
        """What the table says of each image."""
        objects = {image: len(at) // 3 for image, at in self._rows.items()}
        for (image, label), number in self._blank.items():
            if not label or label in columns.without_box:
                objects[image] -= number
        return [
            Entry(
                image,
                Place(file, line=at[0]),
                objects[image],
                Rows(columns, at),
                None if image in self._differ else self._sizes[image],
            )
            for image, at in self._rows.items()
        ]


def never_a_box(file: str, rows: Mapping[str, int]) -> Finding:
    """The finding on classes whose rows have no box."""
    number, names = sum(rows.values()), ", ".join(map(repr, [*rows][:8]))
    which = "the class" if len(rows) == 1 else "the classes"
    never = "never has" if len(rows) == 1 else "never have"
    return code("image-without-labels").at(
        Place(file),
        f"{plural(number, 'row')} of {which} {names}, which {never} a box: read as no objects",
        "make sure that the images have no other objects",
    )


def dialect_of(file: str, columns: Columns, names: Mapping[str, str]) -> Finding:
    """The finding that says what the columns were read as."""
    unit = "in pixels" if columns.unit == "pixels" else "as shares of the image"
    label = "without a class" if columns.label is None else f"the class in {columns.label + 1}"
    sides = ", ".join(str(side + 1) for side in columns.sides)
    known = f"; {plural(len(names), 'class name')} from the files beside it" if names else ""
    return code("table-dialect").at(
        Place(file),
        f"{columns.dialect}: the image in column {columns.image + 1}, {label}, {columns.form} of "
        f"the box in {sides}, {unit}{known}",
    )
