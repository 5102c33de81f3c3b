"""YOLO text files: one row for each object, normalised by the image's size.

    class cx cy w h                  a box by its centre and size
    class x1 y1 x2 y2 x3 y3 ...      an outline

Ultralytics' rules are in ``ultralytics/data/utils.py``: ``img2label_paths`` finds the label file of
an image, ``verify_image_label`` says which rows are good.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from typing import TypeAlias

import msgspec

from dataforge import geometry
from dataforge.errors import ParseError, plural
from dataforge.formats.base import Canonical, Each, Records, Step, finished
from dataforge.formats.images import unreadable_image
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.yolo.data import MOST_UNNAMED, Data, classes_unnamed, find_data, unnamed
from dataforge.formats.yolo.write import (
    label_path,
)
from dataforge.io import Root, is_image, stem, to_utf8
from dataforge.records import Category, Finding, Header, Image, Instance, Polygons

LOSSY = (
    "outlines and masks, where boxes are written (the default)",
    "holes and gaps, where outlines are written: several rings are joined into one by thin bridges",
    "crowds: left out",
    "an area that is not that of its box or outline, and, where outlines are written, a box that "
    "is not that of its outline",
    "what of a box lies outside its image, and boxes without area",
    "difficult and all other attributes, of objects and of images",
    "keys that only the source's own format knows",
    "keypoints: counted, not read",
)

_TOLERANCE = 1e-6
_FAR = 1.0
"""A coordinate further outside the image than its whole size is in pixels, or means nothing."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a folder is read.

    Attributes:
        data: the YAML file to go by, relative to the folder, where there are several.
    """

    data: str | None = None


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield the classes, an Image for every image of every split, and what is odd.

    Args:
        root: the folder.
        options: see `Options`.
        canonical: not needed here.
        each: does it for each image.

    Raises:
        InputError: `options.data` is not there, or is no dataset's YAML file.
    """
    findings, data = finished(find_data(root, options.data))
    reader = _Reader(root, data)
    findings += reader.name_classes(each)
    yield Header(categories=tuple(Category(name=name) for name in reader.classes()))
    yield from findings
    listed = ((split, image) for split, images in data.splits.items() for image in images)
    labels = set()
    odd: _Odd = defaultdict(list)
    for records, (label, odd_here) in each(reader.read_image, listed):
        yield from records
        labels.add(label)
        for kind, rows in odd_here.items():
            odd[kind] += rows
    yield from reader.unread_labels(labels)
    yield from _counted(odd)


def recognise(texts: Texts) -> Recognised:
    """Text files called as images are, with rows of numbers; and what names their classes.

    Where no file has such rows, and nothing else marks the images, the names of classes are enough.
    """
    beside = texts.beside_images(".txt")
    labels = [name for name in beside if _has_rows(texts.root, name)]
    said = [name for name in texts.root.files() if _names_classes(texts.root, name)]
    names = f"; class names in {', '.join(said[:3])}" if said else ""
    if not labels:
        if not said or texts.labelme or texts.coco or texts.voc:
            return Recognised(0)
        return Recognised(
            len(beside) or 1, f"no text file with rows of numbers beside images{names}"
        )
    evidence = f"{plural(len(labels), 'text file')} beside images with rows of a class number and "
    return Recognised(len(labels), f"{evidence}coordinates{names}")


_ROW = re.compile(r"\d+(\.0*)?(\s+-?\d+(\.\d*)?(e-?\d+)?){4,}", re.IGNORECASE)


def _has_rows(root: Root, name: str) -> bool:
    try:
        text = root.read_bytes(name).decode("utf-8", "replace")
    except ParseError:
        return False
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and sum(bool(_ROW.fullmatch(line)) for line in lines) > 0.5 * len(lines)


def _names_classes(root: Root, name: str) -> bool:
    last = name.rsplit("/", 1)[-1].lower()
    if last in ("classes.txt", "obj.names"):
        return True
    if not last.endswith((".yaml", ".yml")):
        return False
    try:
        return bool(re.search(rb"(?m)^names\s*:", root.read_bytes(name)))
    except ParseError:
        return False


class _Row(msgspec.Struct, frozen=True):
    """One row: its place and its columns."""

    file: str
    line: int
    columns: list[str]

    @property
    def where(self) -> str:
        return f"line {self.line}"


_Odd: TypeAlias = defaultdict[str, list[_Row]]
"""Code of an oddity that whole datasets share -> the rows that have it."""

_Read: TypeAlias = tuple["str | None", _Odd]
"""(the label file of an image, what is odd in it)."""


class _Reader:
    def __init__(self, root: Root, data: Data) -> None:
        self.root = root
        self.data = data
        self.files = set(root.files())
        self.names = data.names

    def name_classes(self, each: Each) -> Iterator[Finding]:
        """Call the classes by number where nothing names them."""
        if self.names is not None:
            return
        images = (image for images in self.data.splits.values() for image in images)
        highest = max(each(self.highest_class, images), default=-1)
        self.names = unnamed(highest + 1)
        if self.names:
            yield classes_unnamed(self.data.file, highest + 1)

    def highest_class(self, image: str) -> int:
        """The highest number of a class in an image, -1 where there is none."""
        label = self.label_of(image)
        rows = (self.rows(label) if label else None) or []
        numbers = (_class_id(row.columns[0]) for row in rows)
        return max((number for number in numbers if number < MOST_UNNAMED), default=-1)

    def classes(self) -> list[str]:
        return list(dict.fromkeys((self.names or {}).values()))

    def label_of(self, image: str) -> str | None:
        """The image's label file: below labels/ in place of images/, else beside the image."""
        for path in (label_path(image), f"{stem(image)}.txt"):
            if path in self.files and path not in self.data.lists:
                return path
        return None

    def rows(self, path: str) -> list[_Row] | None:
        """The rows that are not blank; None where the file cannot be read as text."""
        try:
            text = to_utf8(self.root.read_bytes(path), path)[0].decode()
        except ParseError:
            return None
        lines = enumerate((line.split() for line in text.splitlines()), 1)
        return [_Row(path, number, columns) for number, columns in lines if columns]

    def read_image(self, listed: tuple[str | None, str]) -> tuple[list[Image | Finding], _Read]:
        """(what is to be said of an image of a split, what of that is for all images)."""
        return finished(self.records_of(*listed))

    def records_of(self, split: str | None, name: str) -> Generator[Image | Finding, None, _Read]:
        label = self.label_of(name)
        rows = self.rows(label) if label else []
        odd: _Odd = defaultdict(list)
        if rows is None:
            yield Finding(
                code="unreadable-labels",
                severity="error",
                file=label or "",
                message=f"cannot be read as text: {name} is left out",
                remedy="mend or redo it; an empty file says that nothing is in the image",
            )
            return label, odd
        try:
            width, height = self.root.image_size(name)
        except (ParseError, OSError) as error:
            yield unreadable_image(name, error, lost=len(rows))
            return label, odd
        instances = []
        for row in rows:
            instance = yield from self.instance(row, width, height, odd)
            if instance is not None:
                instances.append(instance)
        boxes = [row for row in rows if len(row.columns) == 5]
        if boxes and any(len(row.columns) > 6 for row in rows) and not self.data.keypoints:
            odd["mixed-rows"].append(boxes[0])
        yield Image(
            file_name=name,
            width=width,
            height=height,
            instances=tuple(instances),
            source=label or name,
            split=split,
        )
        return label, odd

    def instance(self, row: _Row, width: int, height: int, odd: _Odd) -> Step[Instance | None]:
        """Returns the Instance, None where the row cannot be one; adds to what is odd."""
        values = _numbers(row.columns)
        fault = values if isinstance(values, str) else self.fault(row, values)
        if isinstance(values, str) or fault:
            yield Finding(
                code="bad-row",
                severity="error",
                file=row.file,
                where=row.where,
                message=fault,
                remedy="mend or drop the row",
                lost=1,
            )
            return None
        shape = values[1:]
        if self.data.keypoints and len(shape) == 4 + self.data.keypoints:
            odd["keypoints-not-read"].append(row)
            shape = shape[:4]
        attributes = {}
        if len(shape) == 5:
            odd["confidence-column"].append(row)
            attributes["score"] = shape.pop()
        if worst := [value for value in shape if is_outside_unit(value)]:
            yield Finding(
                code="outside-unit",
                severity="warning",
                file=row.file,
                where=row.where,
                message=f"want numbers from 0 to 1, got {worst[0]!r}: kept as it is",
                remedy="redraw it; --clip cuts it to the image",
            )
        label = (self.names or {})[int(values[0])]
        if len(shape) == 4:
            cx, cy, w, h = shape
            box = (
                (cx - w / 2) * width,
                (cy - h / 2) * height,
                (cx + w / 2) * width,
                (cy + h / 2) * height,
            )
            return Instance(
                label=label,
                box=box,
                area=geometry.box_area(box),
                where=row.where,
                attributes=attributes,
            )
        ring = tuple(value * (height if i % 2 else width) for i, value in enumerate(shape))
        area, crosses = geometry.outline_area(ring, width, height)
        if crosses and not geometry.is_bridged(ring):
            yield Finding(
                code="self-intersecting",
                severity="warning",
                file=row.file,
                where=row.where,
                message=f"the outline of {label!r} crosses itself; its area is counted in pixels "
                f"({area:g})",
                remedy="redraw it if the crossing is not meant",
            )
        return Instance(
            label=label,
            box=geometry.ring_box(ring),
            area=area,
            shape=Polygons((ring,)),
            where=row.where,
        )

    def fault(self, row: _Row, values: list[float]) -> str:
        """What is wrong with a row of numbers, or nothing."""
        count = len(values)
        pose = self.data.keypoints and count == 5 + self.data.keypoints
        if not pose and (count < 5 or (count > 6 and count % 2 == 0)):
            return f"want 5 columns (class, box) or 7, 9, ... (class, points), got {count}" + (
                "; kpt_shape in data.yaml says how many keypoints there are" if count > 6 else ""
            )
        number = _class_id(row.columns[0])
        if number < 0:
            return f"want a class number, got {row.columns[0]!r}"
        if number not in (self.names or {}):
            return f"class {number} has no name in {self.data.file or 'the folder'}"
        shape = values[1:5] if pose or count == 6 else values[1:]
        if len(shape) == 4 and (shape[2] < 0 or shape[3] < 0):
            return f"want a width and a height, got {shape[2]!r} and {shape[3]!r}"
        if far := [value for value in shape if not -_FAR <= value <= 1 + _FAR]:
            return f"want numbers from 0 to 1, got {far[0]!r}: are these pixels?"
        return ""

    def unread_labels(self, done: Set[str | None]) -> Iterator[Finding]:
        """What is said of label files without an image, and of those in no split."""
        images = {stem(name) for name in self.files if is_image(name)}
        unlisted = []
        for name in sorted(self.files - done - self.data.lists):
            if not name.lower().endswith(".txt"):
                continue
            rows = self.rows(name) or []
            if "labels" not in name.split("/")[:-1] and not _look_like_labels(rows):
                continue  # a README, a licence
            if {stem(name), _image_stem(name)} & images:
                unlisted.append(name)
                continue
            lost = len(rows) if _look_like_labels(rows) else 0
            yield Finding(
                code="image-missing",
                severity="error" if lost else "warning",
                file=name,
                message=f"no image {_image_stem(name)} with any extension: "
                f"{plural(lost, 'object')} not converted",
                remedy="restore the image",
                lost=lost,
            )
        if unlisted:
            yield Finding(
                code="annotation-not-listed",
                severity="note",
                file=unlisted[0],
                message=f"{plural(len(unlisted), 'label file')} of images that are in no split "
                "(this is the first): not read",
                remedy=f"add their images to a split in {self.data.file or 'data.yaml'}",
            )


_ODDITIES = (
    ("confidence-column", "row", "with a sixth column: read as the score",
     "Ultralytics trains on five columns alone"),
    ("keypoints-not-read", "row", "with keypoints: the boxes alone are read", ""),
    ("mixed-rows", "file", "with rows of boxes and of outlines: each row is read as what it is",
     "Ultralytics takes these boxes for outlines of two points"),
)  # fmt: skip


def _counted(odd: Mapping[str, Sequence[_Row]]) -> Iterator[Finding]:
    """One finding for each kind of oddity that whole datasets share."""
    for code, noun, message, remedy in _ODDITIES:
        if rows := odd.get(code):
            yield Finding(
                code=code,
                severity="note" if code == "keypoints-not-read" else "warning",
                file=rows[0].file,
                where=rows[0].where,
                message=f"{plural(len(rows), noun)} {message}; the first one here",
                remedy=remedy,
            )


def is_outside_unit(value: float) -> bool:
    """Whether a coordinate lies outside the image by more than rounding makes."""
    return not -_TOLERANCE <= value <= 1 + _TOLERANCE


def _class_id(text: str) -> int:
    """The class number, which some write as 0.0; -1 where it is none."""
    try:
        number = float(text)
    except ValueError:
        return -1
    return int(number) if number >= 0 and number.is_integer() else -1


def _numbers(columns: list[str]) -> list[float] | str:
    """The columns as finite numbers, or what is wrong."""
    values = []
    for column, text in enumerate(columns, 1):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            return f"column {column}: want a number, got {text!r}"
        values.append(value)
    return values


def _look_like_labels(rows: list[_Row]) -> bool:
    return (
        bool(rows) and len(rows[0].columns) >= 5 and not isinstance(_numbers(rows[0].columns), str)
    )


def _image_stem(label: str) -> str:
    """The path of a label file's image, without extension."""
    before, slash, after = f"/{label}".rpartition("/labels/")
    return stem(f"{before}/images/{after}"[1:] if slash else label)
