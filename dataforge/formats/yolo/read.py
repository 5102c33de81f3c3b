"""Reads YOLO text files: an item is an image of a split, or a text file without an image.

If nothing names the classes, they are named after their numbers. How many there are is known only
when all rows have been read, so the header then comes at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Item,
    Reader,
    Reading,
    Record,
    SourceText,
    finished,
    too_many_objects,
)
from dataforge.formats.images import unreadable_image
from dataforge.formats.labels import UNTIDY_LABEL, UntidyLabels
from dataforge.formats.yolo.class_names import say_unnamed, unnamed
from dataforge.formats.yolo.data import Dataset, find_data
from dataforge.formats.yolo.paths import image_stem, label_path
from dataforge.formats.yolo.rows import (
    Row,
    RowReader,
    Rules,
    highest_class,
    look_like_labels,
    read_text,
    rows_of,
)
from dataforge.io import MAX_OBJECTS, Root, is_image, stem
from dataforge.records import Category, Header, Image

_HIGHEST, _NOT_LISTED = "highest class", "label file in no split"
"""Kinds of evidence beside the codes of `_ODDITIES`: the highest class number of an image, and the
path of a label file whose image is in no split."""

_ODDITIES = (
    ("confidence-column", "row", "with a sixth column: read as the score",
     "make sure that the rows were reviewed; Ultralytics rejects six columns"),
    ("keypoints-not-read", "row", "with keypoints: only the boxes are read", ""),
    ("mixed-rows", "file", "with both boxes and polygons: each row is read as what it is",
     "convert the dataset: Ultralytics reads these boxes as polygons with two points"),
)  # fmt: skip
"""(code, noun, message, remedy) of problems reported once per dataset; evidence of each is [label
file, line of the first, count]."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    data: Annotated[
        str | None,
        msgspec.Meta(description="The data.yaml to read, if there are several."),
    ] = None


class YoloReader(Reader[ReadOptions]):
    """Reads the label file of every image of every split."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> YoloReading:
        return YoloReading(root, options, context)


class _Listed(NamedTuple):
    """An image of a split.

    Attributes:
        split, image: see `dataforge.records.Image`.
        label: its label file, empty if it has none.
        is_first: whether no earlier image has this label file.
        rules: for reading the rows.
    """

    split: str | None
    image: str
    label: str
    is_first: bool
    rules: Rules


class _NotListed(NamedTuple):
    """A text file that does not belong to an image of a split.

    Attributes:
        file: its path.
        has_image: whether there is an image with its name.
    """

    file: str
    has_image: bool


class YoloReading(Reading):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._options = options
        self._keep_text = context.keep_text
        self._untidy = UntidyLabels(context.resolver, declared=True)
        self._names_untidy = context.wants(UNTIDY_LABEL)
        self._file = ""  # with the class names
        self._is_named = True

    def items(self) -> Iterator[Item | Record]:
        findings, data = finished(find_data(self._root, self._options.data))
        self._file, self._is_named = data.file, data.names is not None
        if data.names is not None:
            yield _header(data.names)
        yield from findings
        if data.described:
            if self._keep_text:
                yield SourceText(data.described.file, data.described.data)
            if self._names_untidy:
                names = data.described.names()
                tidy = self._untidy.in_file([name for name, _ in names], lambda at: names[at][1])
                yield from tidy
        yield from map(Item._make, enumerate(self._values(data)))

    def _values(self, data: Dataset) -> Iterator[_Listed | _NotListed]:
        rules = Rules(data.file, data.names, data.keypoints)
        files = set(self._root.files())
        labels = files - data.lists
        seen: set[str] = set()
        for split, images in data.splits.items():
            for image in images:
                paths = (label_path(image), f"{stem(image)}.txt")
                label = next((path for path in paths if path in labels), "")
                yield _Listed(split, image, label, label not in seen, rules)
                seen.add(label)
        stems = {stem(name) for name in files if is_image(name)}
        for name in sorted(labels - seen):
            if name.lower().endswith(".txt"):
                has_image = stem(name) in stems or image_stem(name) in stems
                yield _NotListed(name, has_image)

    def read(self, item: Item) -> Iterator[Record]:
        value: _Listed | _NotListed = item.value
        if isinstance(value, _Listed):
            return self._read_listed(value)
        return self._read_not_listed(value)

    def _read_listed(self, listed: _Listed) -> Iterator[Record]:
        _, name, label, is_first, rules = listed
        text = read_text(self._root, label) if label else (b"", "")
        if text is None:
            yield code("unreadable-labels").at(
                Place(label),
                f"cannot be read as text: {name} is skipped",
                "restore the file, or annotate the image again",
            )
            return
        if (number := len(text[1].splitlines())) > MAX_OBJECTS:
            yield too_many_objects(Place(label), number)
            return
        if label and is_first and self._keep_text:
            yield SourceText(label, text[0])
        rows = rows_of(text[1])
        if rules.names is None:
            yield Evidence(_HIGHEST, highest_class(rows))
        try:
            size = self._root.image_size(name)
        except (ParseError, OSError) as error:
            yield unreadable_image(name, error, lost=len(rows))
            return
        yield from self._read_image(listed, rows, size)

    def _read_image(
        self, listed: _Listed, rows: list[Row], size: tuple[int, int]
    ) -> Iterator[Record]:
        split, name, label, _, rules = listed
        reader = RowReader(label, rules, size)
        instances = yield from reader.instances(rows)
        odd = reader.odd
        if not rules.keypoints and any(len(columns) > 6 for _, columns in rows):
            boxes = [line for line, columns in rows if len(columns) == 5]
            odd |= {"mixed-rows": boxes[:1]} if boxes else {}
        for kind, lines in odd.items():
            yield Evidence(kind, [label, lines[0], len(lines)])
        yield Image(
            file_name=name,
            width=size[0],
            height=size[1],
            instances=tuple(instances),
            place=Place(label or name),
            split=split,
        )

    def _read_not_listed(self, value: _NotListed) -> Iterator[Record]:
        """The findings on a label file without an image, or in no split."""
        in_labels = "labels" in value.file.split("/")[:-1]
        if value.has_image and in_labels:
            yield Evidence(_NOT_LISTED, value.file)
            return
        text = read_text(self._root, value.file)
        rows = rows_of(text[1]) if text and len(text[1].splitlines()) <= MAX_OBJECTS else []
        are_labels = look_like_labels(rows)
        if not in_labels and not are_labels:
            return  # a README, a licence
        if value.has_image:
            yield Evidence(_NOT_LISTED, value.file)
            return
        lost = len(rows) if are_labels else 0
        yield code("image-missing").at(
            Place(value.file),
            f"no image {image_stem(value.file)} with any extension: "
            f"{plural(lost, 'object')} not converted",
            "restore the image",
            lost=lost,
            severity="error" if lost else "warning",
        )

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        if not self._is_named:
            count = max(found.get(_HIGHEST, ()), default=-1) + 1
            yield _header(unnamed(count))
            if count:
                yield say_unnamed(self._file, count)
        if not_listed := found.get(_NOT_LISTED):
            yield code("annotation-not-listed").at(
                Place(not_listed[0]),
                f"{plural(len(not_listed), 'label file')} of images in no split "
                "(this is the first): not read",
                f"add their images to a split in {self._file or 'data.yaml'}",
            )
        for name, noun, message, remedy in _ODDITIES:
            if places := found.get(name):
                file, line, _ = places[0]
                number = sum(count for _, _, count in places)
                yield code(name).at(
                    Place(file, line=line),
                    f"{plural(number, noun)} {message}; this is the first",
                    remedy,
                )
        yield from self._untidy.finish(found)


def _header(names: dict[int, str]) -> Header:
    return Header(categories=tuple(Category(name=name) for name in dict.fromkeys(names.values())))
