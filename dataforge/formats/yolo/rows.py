"""The rows of label files, and their conversion to instances.

    class cx cy w h                  a box by its centre and size
    class x1 y1 x2 y2 x3 y3 ...      a polygon

What further columns mean, only the whole dataset shows: see forms.py. Ultralytics' rules are in
``ultralytics/data/utils.py::verify_image_label``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Clip, Edit, Place
from dataforge.formats.base import Part
from dataforge.formats.outlines import crossing
from dataforge.formats.yolo.class_names import MOST_UNNAMED, all_unnamed
from dataforge.formats.yolo.forms import ANGLE, SCORE, TRACK, Form
from dataforge.formats.yolo.pose import has_negative, keypoints_of, without_filling
from dataforge.io import MAX_COORDINATE, in_64_bits
from dataforge.records import Box, Instance, Polygons, Ring

Row: TypeAlias = tuple[int, list[str]]
"""(line, columns) of a row; lines count from 1."""

_TOLERANCE = 1e-6
_HIGHEST = 2.0**53
"""What is counted of a class number: a larger one fits no message between processes."""

_FAR = 1.0
"""A coordinate further outside the image than its whole size is in pixels, or invalid."""


class Rules(msgspec.Struct, frozen=True):
    """What is needed to read rows.

    Attributes:
        file: with the class names, or empty.
        names: class number -> name; None if unknown.
        form: what the columns mean.
        outlines: whether the corners of oriented boxes are kept as outlines.
        points: class number -> number of its keypoints, if not all of a row's are its own.
    """

    file: str
    names: dict[int, str] | None
    form: Form
    outlines: bool = False
    points: dict[int, int] = {}


class RulesHash:
    """The hash of the rules, which are the same for all images."""

    def __init__(self) -> None:
        self._last: tuple[Rules | None, bytes] = (None, b"")

    def of(self, rules: Rules) -> bytes:
        """Their hash; different rules have different ones."""
        if self._last[0] is not rules:
            text = repr(rules).encode("utf-8", "backslashreplace")
            self._last = rules, blake2b(text, digest_size=16).digest()
        return self._last[1]


def rows_of(text: str) -> list[Row]:
    """The rows that are not blank."""
    lines = enumerate(map(str.split, text.splitlines()), 1)
    return [(number, columns) for number, columns in lines if columns]


def look_like_labels(rows: Sequence[Row]) -> bool:
    """Whether a text file may be a label file."""
    return bool(rows) and len(rows[0][1]) >= 5 and not isinstance(numbers(rows[0][1]), str)


def highest_class(rows: Iterable[Row]) -> int:
    """The highest class number in rows; -1 if there is none."""
    numbers = (_class_number(columns[0]) for _, columns in rows)
    return max((number for number in numbers if number < MOST_UNNAMED), default=-1)


class RowReader:
    """Converts the rows of one label file to instances.

    Args:
        label: path of the file.
        rules: see `Rules`.
        size: (width, height) of the image, pixels.

    Attributes:
        odd: code of a problem that is reported once per dataset -> its lines.
        beyond: (class number, line) of the row with the highest class that has no name.
    """

    def __init__(self, label: str, rules: Rules, size: tuple[int, int]) -> None:
        self.odd: dict[str, list[int]] = {}
        self.beyond: tuple[float, int] | None = None
        self._label = label
        self._rules = rules
        self._size = size
        names = all_unnamed() if rules.names is None else rules.names
        self._names: Mapping[float, str] = names  # type: ignore[assignment]  # 1.0 finds 1

    def instances(self, rows: Iterable[Row]) -> Part[list[Instance]]:
        """Returns the instances of all valid rows."""
        found: list[Instance] = []
        name_of, label, (width, height) = self._names.get, self._label, self._size
        for line, columns in rows:
            if len(columns) == 5:
                # Nearly all rows: a box inside its image.
                try:
                    number, cx, cy, w, h = map(float, columns)
                except ValueError:
                    number = cx = cy = w = h = math.nan
                name = name_of(number)
                if (
                    name is not None
                    and 0 <= cx <= 1
                    and 0 <= cy <= 1
                    and 0 <= w <= 1
                    and 0 <= h <= 1
                ):
                    box = box_of(cx, cy, w, h, width, height)
                    area = geometry.box_area(box)
                    place = Place(label, line=line)
                    found.append(Instance(label=name, box=box, area=area, place=place))
                    continue
            instance = yield from self._instance(line, columns)
            if instance is not None:
                found.append(instance)
        return found

    def _instance(self, line: int, columns: list[str]) -> Part[Instance | None]:
        """Returns the instance of a row, None if it is invalid; adds to `odd`."""
        place = Place(self._label, line=line)
        values = numbers(columns)
        form = self._rules.form
        tail = None if isinstance(values, str) else form.tail_of(len(values) - 1)
        if isinstance(values, str) or tail is None:
            fault = values if isinstance(values, str) else _unfit(form, len(values))
            yield code("bad-row").at(place, fault, "correct or delete the row", lost=1)
            return None
        shape = values[1 : len(values) - len(tail)]
        points: list[float] = []
        has_keypoints = form.keypoints > 0 and len(shape) > 4
        if has_keypoints:
            points, shape = shape[4:], shape[:4]
            if not form.size:
                self._count("keypoints-not-read", line)
                points = []
        if fault := self._fault(columns[0], values[0], shape) or _too_far(points):
            if values[0] >= 0 and values[0] not in self._names:
                highest = int(min(values[0], _HIGHEST))
                self.beyond = max(self.beyond or (0, 0), (highest, line))
            yield code("bad-row").at(place, fault, "correct or delete the row", lost=1)
            return None
        if tail:
            self._count(_oddity(tail, shape), line)
        if ANGLE in tail:
            return None
        is_oriented = form.oriented and len(shape) == 8
        if is_oriented:
            self._count("oriented-boxes", line)
        if has_keypoints or is_oriented:
            # Marks rows that an edit would spoil.
            place = Place(self._label, "row", line)
        after = values[len(values) - len(tail) :]
        attributes = in_64_bits(
            {
                name: int(value) if name == TRACK else value
                for name, value in zip(tail, after, strict=True)
            }
        )
        instance = yield from self._shaped(self._names[values[0]], shape, place, attributes)
        if points:
            if has_negative(points, form.size):
                self._count("negative-keypoints", line)
            found = keypoints_of(points, form.size, *self._size)
            own = self._rules.points.get(int(values[0]))
            found = found if own is None else without_filling(found, own)
            instance = msgspec.structs.replace(instance, keypoints=found)
        return instance

    def _shaped(
        self, label: str, shape: list[float], place: Place, attributes: dict[str, Any]
    ) -> Part[Instance]:
        """Returns the instance of a box or a polygon."""
        ring: Ring | None = None
        if len(shape) == 4:
            cx, cy, w, h = shape
            box = box_of(cx, cy, w, h, *self._size)
        else:
            ring = ring_of(shape, *self._size)
            box = geometry.ring_box(ring)
        if worst := [value for value in shape if not -_TOLERANCE <= value <= 1 + _TOLERANCE]:
            can_clip = not place.pointer and _is_partly_inside(shape)
            yield code("outside-unit").at(
                place,
                f"expected numbers from 0 to 1, got {worst[0]!r}: kept unchanged",
                "redraw it, or clip it to the image with --clip",
                edits=[Edit(place, Clip(self._size, box))] if can_clip else (),
            )
        area, polygons = geometry.box_area(box), None
        if ring is not None and (self._rules.outlines or not place.pointer):
            area, polygons = (yield from self._outlined(label, ring, place)), Polygons((ring,))
        return Instance(
            label=label, box=box, area=area, shape=polygons, place=place, attributes=attributes
        )

    def _outlined(self, label: str, ring: Ring, place: Place) -> Part[float]:
        """Returns the area of a polygon."""
        area, crosses = geometry.outline_area(ring, *self._size)
        if crosses and not geometry.is_bridged(ring):
            yield crossing(label, area, place)
        return area

    def _count(self, name: str, line: int) -> None:
        self.odd.setdefault(name, []).append(line)

    def _fault(self, first: str, number: float, shape: list[float]) -> str:
        """What is wrong with the numbers of a row, if anything."""
        if number < 0 or not number.is_integer():
            return f"expected a class number, got {first!r}"
        if number not in self._names:
            return f"class {int(number)} has no name in {self._rules.file or 'the folder'}"
        if len(shape) == 4 and (shape[2] < 0 or shape[3] < 0):
            return f"expected a non-negative width and height, got {shape[2]!r} and {shape[3]!r}"
        if far := [value for value in shape if not -_FAR <= value <= 1 + _FAR]:
            return f"expected numbers from 0 to 1, got {far[0]!r}: probably pixels"
        return ""


def _too_far(points: Sequence[float]) -> str:
    """What is wrong with the numbers of keypoints, if anything; `check` finds those outside."""
    worst = max(map(abs, points), default=0)
    return f"a keypoint of {worst!r} is beyond any image" if worst > MAX_COORDINATE else ""


def _oddity(tail: Sequence[str], shape: Sequence[float]) -> str:
    """The code of the finding on columns after a shape."""
    if ANGLE in tail:
        return "angle-column"
    return "confidence-column" if tail == (SCORE,) and len(shape) == 4 else "predicted-rows"


def _unfit(form: Form, columns: int) -> str:
    """Why no row has this number of columns."""
    if form.keypoints:
        said = f"kpt_shape is {form.declared}" if form.declared else "rows have keypoints"
        return f"{said}: expected 5 or {5 + form.keypoints} columns, got {columns}"
    if form.tail:
        return f"expected columns that end with {' and '.join(form.tail)}, got {columns} columns"
    return f"expected 5 columns (class, box) or 7, 9, ... (class, points), got {columns}" + (
        "; for keypoints, set kpt_shape in data.yaml" if columns > 6 else ""
    )


def box_of(cx: float, cy: float, w: float, h: float, width: int, height: int) -> Box:
    """The box of a row in pixels of an image of (width, height)."""
    return (
        (cx - w / 2) * width,
        (cy - h / 2) * height,
        (cx + w / 2) * width,
        (cy + h / 2) * height,
    )


def ring_of(values: Iterable[float], width: int, height: int) -> Ring:
    """The polygon of a row in pixels of an image of (width, height)."""
    return tuple(value * (height if i % 2 else width) for i, value in enumerate(values))


def _is_partly_inside(shape: list[float]) -> bool:
    """Whether anything is left of a box or polygon that is clipped to its image."""
    if len(shape) > 4:
        return len(geometry.clip_ring(tuple(shape), 1.0, 1.0)) >= 6
    cx, cy, w, h = shape
    return geometry.box_area(geometry.clip_box(box_of(cx, cy, w, h, 1, 1), 1.0, 1.0)) > 0


def _class_number(text: str) -> int:
    """The class number, which some write as 0.0; -1 if it is invalid."""
    try:
        number = float(text)
    except ValueError:
        return -1
    return int(number) if number >= 0 and number.is_integer() else -1


def numbers(columns: list[str]) -> list[float] | str:
    """The columns as finite numbers, or what is wrong."""
    values = []
    for column, text in enumerate(columns, 1):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            return f"column {column}: expected a number, got {text!r}"
        values.append(value)
    return values
