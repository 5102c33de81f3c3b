"""Reads YOLO text files: an item is an image of a split, or a text file without an image.

If nothing names the classes, they are named after their numbers. How many there are is known only
when all rows have been read, so the header then comes at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from dataforge.codes import code
from dataforge.errors import InputError, ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Inputs,
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
from dataforge.formats.signatures import HEAD, foreign, text_signature
from dataforge.formats.sizes import seen_size
from dataforge.formats.yolo.class_names import say_unnamed, unnamed
from dataforge.formats.yolo.data import Dataset, find_data
from dataforge.formats.yolo.forms import Form, form_of
from dataforge.formats.yolo.options import ReadOptions
from dataforge.formats.yolo.pairs import by_stem, elsewhere
from dataforge.formats.yolo.paths import image_stem, label_path
from dataforge.formats.yolo.pose import Pose, header_of
from dataforge.formats.yolo.rows import (
    Row,
    RowReader,
    Rules,
    RulesHash,
    highest_class,
    look_like_labels,
    numbers,
    rows_of,
)
from dataforge.formats.yolo.texts import LabelTexts
from dataforge.io import MAX_OBJECTS, Root, is_image, last_part, stem
from dataforge.records import Header, Image

_HIGHEST, _NOT_LISTED = "highest class", "label file in no split"
_BEYOND, _FIRST = "class beyond the names", "first class"
"""Kinds of evidence beside the codes of `_ODDITIES`: the highest class number of an image; the path
of a label file whose image is in no split; [class number, file, line] of a class without a name;
and that the first class has objects."""

_SAMPLED_FILES, _SAMPLED_ROWS = 1_000, 20_000
"""Label files that are read, evenly spread, and rows that are looked at, to tell their form."""

_LOOKED_AT = 20
"""Label files, evenly spread, that tell whether they are those of another format."""

_ODDITIES = (
    ("angle-column", "row", "with an angle after the box: not read",
     "convert the boxes to their four corners, or to upright boxes"),
    ("confidence-column", "row", "with a sixth column: read as the score",
     "make sure that the rows were reviewed; Ultralytics rejects six columns"),
    ("predicted-rows", "row", "with a confidence or track id after the shape: read as attributes",
     "make sure that the rows were reviewed; Ultralytics rejects these columns"),
    ("oriented-boxes", "row", "with the corners of an oriented box: {oriented}",
     "{other}"),
    ("keypoints-not-read", "row", "with keypoints: only the boxes are read",
     "set kpt_shape in data.yaml, to [17, 3] or the like, to read them"),
    ("negative-keypoints", "row", "with a negative keypoint: not labelled, as in Ultralytics",
     "move it into the image, or write 0 0"),
    ("mixed-rows", "file", "with both boxes and polygons: each row is read as what it is",
     "convert the dataset: Ultralytics reads these boxes as polygons with two points"),
)  # fmt: skip
"""(code, noun, message, remedy) of problems reported once per dataset; evidence of each is [label
file, line of the first, count]."""

_ORIENTED = {
    "box": ("read as the upright box around them",
            "to keep the corners as outlines, use --oriented outline"),
    "outline": ("read as outlines", "for the upright boxes alone, use --oriented box"),
}  # fmt: skip
"""What the option `oriented` does, and what the other value would, for the message."""


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
        namesakes: number of images with its name in any folder.
    """

    file: str
    has_image: bool
    namesakes: int


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
        self._texts = LabelTexts(root)
        self._keep_text = context.keep_text
        self._strict = context.strict  # then the headers are needed in any case
        self._untidy = UntidyLabels(context.resolver, declared=True)
        self._names_untidy = context.wants(UNTIDY_LABEL)
        self._file = ""  # with the class names
        self._is_named = True
        self._pose: Pose | None = None
        self._numbers: Collection[int] = ()  # of the classes, if they have names
        self._hash = RulesHash()

    def items(self) -> Iterator[Item | Record]:
        findings, data = finished(find_data(self._root, self._options.data))
        self._file, self._is_named = data.file, data.names is not None
        self._numbers = data.names or ()
        self._pose = data.pose
        if data.names is not None:
            yield header_of(data.names, data.pose)
        yield from findings
        if data.described:
            if self._keep_text:
                yield SourceText(data.described.file, data.described.data)
            if self._names_untidy:
                names = data.described.names()
                tidy = self._untidy.in_file([name for name, _ in names], lambda at: names[at][1])
                yield from tidy
        label_of, rest = self._labels(data)
        pairs = self._pairs(label_of, rest)
        self._refuse_foreign({*label_of.values(), *pairs.values()}, rest)
        if pairs:
            yield elsewhere(pairs)
        yield from map(Item._make, enumerate(self._values(data, label_of, rest, pairs)))

    def _labels(self, data: Dataset) -> tuple[dict[str, str], set[str]]:
        """(image of any split -> its label file, or empty; all other label files)."""
        labels = {
            name for name in self._root.files()
            if name.lower().endswith(".txt") and name not in data.lists
        }  # fmt: skip
        label_of = {
            image: next((path for path in _places(image) if path in labels), "")
            for images in data.splits.values()
            for image in images
        }
        return label_of, labels.difference(label_of.values())

    def _pairs(self, label_of: Mapping[str, str], rest: set[str]) -> dict[str, str]:
        """Image -> its label file, for those that are not where Ultralytics looks."""
        if not rest:
            return {}
        images = [
            image for image in filter(is_image, self._root.files())
            if not label_of.get(image) and rest.isdisjoint(_places(image))
        ]  # fmt: skip
        return by_stem(self._texts, images, rest)

    def _refuse_foreign(self, own: set[str], rest: set[str]) -> None:
        """Raise InputError if most label files, by their names, are those of another format."""
        stems = {last_part(stem(name)) for name in self._root.files() if is_image(name)}
        others = (name for name in rest if last_part(stem(name)) in stems)
        labels = sorted(own.union(others) - {""})
        looked_at = labels[:: max(len(labels) // _LOOKED_AT, 1)]
        texts = {name: self._texts.peek(name)[:HEAD] for name in looked_at}
        found = [
            text_signature(name, text, is_whole=len(text) < HEAD) for name, text in texts.items()
        ]
        known = [row for row in found if row]
        if 2 * len(known) > len(found):
            usual = max(known, key=known.count)
            raise InputError(f"{self._root.location} contains {foreign(usual, labels)}")

    def _values(
        self, data: Dataset, label_of: Mapping[str, str], rest: set[str], pairs: Mapping[str, str]
    ) -> Iterator[_Listed | _NotListed]:
        labels = {image: label or pairs.get(image, "") for image, label in label_of.items()}
        form = self._form(data, sorted({*filter(None, labels.values())}))
        outlines = self._options.oriented == "outline"
        points = {at: len(names) for at, names in data.pose.names.items()} if data.pose else {}
        rules = Rules(data.file, data.names, form, outlines, points)
        seen: set[str] = set()
        self.total = sum(map(len, data.splits.values())) + len(rest.difference(labels.values()))
        for split, images in data.splits.items():
            for image in images:
                label = labels[image]
                yield _Listed(split, image, label, label not in seen, rules)
                seen.add(label)
        paired = {*pairs.values()}
        names = Counter(last_part(stem(name)) for name in self._root.files() if is_image(name))
        stems = {stem(name) for name in self._root.files() if is_image(name)}
        for name in sorted(rest - seen):
            has_image = name in paired or stem(name) in stems or image_stem(name) in stems
            yield _NotListed(name, has_image, names[last_part(stem(name))])

    def _form(self, data: Dataset, labels: list[str]) -> Form:
        """The form of the rows: as declared, or as most of them show."""
        if pose := data.pose:
            size = pose.size if pose.is_read else 0
            declared = f"{pose.number}x{pose.size}"
            return Form(keypoints=pose.number * pose.size, size=size, declared=declared)
        longer: list[list[float]] = []
        has_boxes = False
        for label in labels[:: max(len(labels) // _SAMPLED_FILES, 1)]:
            rows = [columns for _, columns in rows_of(self._texts.peek(label))]
            has_boxes = has_boxes or any(len(columns) == 5 for columns in rows)
            found = (numbers(columns) for columns in rows if len(columns) > 5)
            longer += (row[1:] for row in found if not isinstance(row, str))
            if len(longer) > _SAMPLED_ROWS:
                break
        return form_of(longer, has_boxes=has_boxes)

    def inputs(self, item: Item) -> Inputs:
        value: _Listed | _NotListed = item.value
        if isinstance(value, _NotListed):
            return Inputs(value.file, value.file, repr(value[1:]).encode())
        name = f"{value.split}\0{value.image}\0{value.label}"
        return Inputs(name, value.label, bytes((value.is_first,)) + self._hash.of(value.rules))

    def file_of(self, item: Item) -> str:
        value: _Listed | _NotListed = item.value
        return value.file if isinstance(value, _NotListed) else value.label or value.image

    def read(self, item: Item) -> Iterator[Record]:
        value: _Listed | _NotListed = item.value
        if isinstance(value, _Listed):
            return self._read_listed(value)
        return self._read_not_listed(value)

    def _read_listed(self, listed: _Listed) -> Iterator[Record]:
        _, name, label, is_first, rules = listed
        text = self._texts.read(label) if label else (b"", "")
        if text is None:
            yield code("unreadable-labels").at(
                Place(label),
                f"is not text, or too large: {name} is skipped",
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
            size = None if self._strict else seen_size(self._root, name)
            size = size or self._root.image_size(name)
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
        odd, form = reader.odd, rules.form
        if not form.keypoints and any(len(columns) > 6 + len(form.tail) for _, columns in rows):
            boxes = [line for line, columns in rows if len(columns) == 5]
            odd |= {"mixed-rows": boxes[:1]} if boxes else {}
        for kind, lines in odd.items():
            yield Evidence(kind, [label, lines[0], len(lines)])
        if reader.beyond:
            yield Evidence(_BEYOND, [reader.beyond[0], label, reader.beyond[1]])
        first = rules.names.get(0) if rules.names else None
        if first is not None and any(instance.label == first for instance in instances):
            yield Evidence(_FIRST)
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
        text = self._texts.read(value.file)
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
            f"no image {image_stem(value.file)} with any extension"
            + (f", and {which} in other folders" if (which := _namesakes(value)) else "")
            + f": {plural(lost, 'object')} not converted",
            "restore the image" + (", or put it where Ultralytics looks" if which else ""),
            lost=lost,
            severity="error" if lost else "warning",
        )

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        if not self._is_named:
            count = max(found.get(_HIGHEST, ()), default=-1) + 1
            yield header_of(unnamed(count), self._pose)
            if count:
                yield say_unnamed(self._file, count)
        if not_listed := found.get(_NOT_LISTED):
            yield code("annotation-not-listed").at(
                Place(not_listed[0]),
                f"{plural(len(not_listed), 'label file')} of images in no split "
                "(this is the first): not read",
                f"add their images to a split in {self._file or 'data.yaml'}",
            )
        yield from self._counted_from_one(found)
        for name, noun, message, remedy in _ODDITIES:
            if places := found.get(name):
                file, line, _ = places[0]
                number = sum(count for _, _, count in places)
                oriented, other = _ORIENTED[self._options.oriented]
                said = message.format(oriented=oriented)
                yield code(name).at(
                    Place(file, line=line),
                    f"{plural(number, noun)} {said}; this is the first",
                    remedy.format(other=other),
                    lost=number if name == "angle-column" else 0,
                )
        yield from self._untidy.finish(found)

    def _counted_from_one(self, found: Found) -> Iterator[Finding]:
        """The finding on class numbers that are all one too high."""
        names = self._numbers
        beyond = found.get(_BEYOND, ())
        if not beyond or found.get(_FIRST) or {*names} != {*range(len(names))}:
            return
        highest, file, line = max(beyond, key=lambda value: value[0])
        if highest == len(names):
            yield code("classes-from-one").at(
                Place(file, line=line),
                f"class 0 is never used, and class {int(highest)} is beyond the "
                f"{plural(len(names), 'name')} in {self._file}: are the classes counted from 1?",
                "subtract 1 from all class numbers, or add a name before the first",
            )


def _places(image: str) -> tuple[str, str]:
    """Where the label file of an image may be by Ultralytics' rule, or beside it."""
    return label_path(image), f"{stem(image)}.txt"


def _namesakes(value: _NotListed) -> str:
    """The images of the same name that were not taken, if any."""
    return f"{plural(value.namesakes, 'image')} of that name" if value.namesakes else ""
