"""The rows of label files, and their conversion to instances.

    class cx cy w h                  a box by its centre and size
    class x1 y1 x2 y2 x3 y3 ...      a polygon

Ultralytics' rules are in ``ultralytics/data/utils.py::verify_image_label``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Clip, Edit, Place
from dataforge.formats.base import Part
from dataforge.formats.outlines import crossing
from dataforge.formats.yolo.class_names import MOST_UNNAMED, all_unnamed
from dataforge.io import Root, to_utf8
from dataforge.records import Box, Instance, Polygons, Ring

Row: TypeAlias = tuple[int, list[str]]
"""(line, columns) of a row; lines count from 1."""

_TOLERANCE = 1e-6
_FAR = 1.0
"""A coordinate further outside the image than its whole size is in pixels, or invalid."""


class Rules(msgspec.Struct, frozen=True):
    """What is needed to read rows.

    Attributes:
        file: with the class names, or empty.
        names: class number -> name; None if unknown.
        keypoints: how many numbers a row of a pose dataset has after its box.
    """

    file: str
    names: dict[int, str] | None
    keypoints: int


def read_text(root: Root, label: str) -> tuple[bytes, str] | None:
    """The content of a label file, as bytes and as text; None if it is not text."""
    try:
        data = root.read_bytes(label)
        return data, to_utf8(data, label)[0].decode()
    except ParseError:
        return None


def rows_of(text: str) -> list[Row]:
    """The rows that are not blank."""
    lines = enumerate(map(str.split, text.splitlines()), 1)
    return [(number, columns) for number, columns in lines if columns]


def look_like_labels(rows: Sequence[Row]) -> bool:
    """Whether a text file may be a label file."""
    return bool(rows) and len(rows[0][1]) >= 5 and not isinstance(_numbers(rows[0][1]), str)


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
    """

    def __init__(self, label: str, rules: Rules, size: tuple[int, int]) -> None:
        self.odd: dict[str, list[int]] = {}
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
        values = _numbers(columns)
        fault = values if isinstance(values, str) else self._fault(columns[0], values)
        if isinstance(values, str) or fault:
            yield code("bad-row").at(place, fault, "correct or delete the row", lost=1)
            return None
        shape = values[1:]
        is_pose = self._rules.keypoints > 0 and len(shape) == 4 + self._rules.keypoints
        if is_pose:
            self.odd.setdefault("keypoints-not-read", []).append(line)
            shape = shape[:4]
        attributes = {}
        if len(shape) == 5:
            self.odd.setdefault("confidence-column", []).append(line)
            attributes["score"] = shape.pop()
        ring: Ring | None = None
        if len(shape) == 4:
            cx, cy, w, h = shape
            box = box_of(cx, cy, w, h, *self._size)
        else:
            ring = ring_of(shape, *self._size)
            box = geometry.ring_box(ring)
        if worst := [value for value in shape if not -_TOLERANCE <= value <= 1 + _TOLERANCE]:
            can_clip = not is_pose and _is_partly_inside(shape)
            yield code("outside-unit").at(
                place,
                f"expected numbers from 0 to 1, got {worst[0]!r}: kept unchanged",
                "redraw it, or clip it to the image with --clip",
                edits=[Edit(place, Clip(self._size, box))] if can_clip else (),
            )
        label = self._names[values[0]]
        if ring is not None:
            return (yield from self._outlined(label, ring, box, place))
        return Instance(
            label=label,
            box=box,
            area=geometry.box_area(box),
            place=place,
            attributes=attributes,
        )

    def _outlined(self, label: str, ring: Ring, box: Box, place: Place) -> Part[Instance]:
        area, crosses = geometry.outline_area(ring, *self._size)
        if crosses and not geometry.is_bridged(ring):
            yield crossing(label, area, place)
        return Instance(label=label, box=box, area=area, shape=Polygons((ring,)), place=place)

    def _fault(self, first: str, values: list[float]) -> str:
        """What is wrong with a row of numbers, if anything."""
        count = len(values)
        keypoints = self._rules.keypoints
        is_pose = keypoints > 0 and count == 5 + keypoints
        if not is_pose and (count < 5 or (count > 6 and count % 2 == 0)):
            return f"expected 5 columns (class, box) or 7, 9, ... (class, points), got {count}" + (
                "; for keypoints, set kpt_shape in data.yaml" if count > 6 else ""
            )
        number = _class_number(first)
        if number < 0:
            return f"expected a class number, got {first!r}"
        if number not in self._names:
            return f"class {number} has no name in {self._rules.file or 'the folder'}"
        shape = values[1:5] if is_pose or count == 6 else values[1:]
        if len(shape) == 4 and (shape[2] < 0 or shape[3] < 0):
            return f"expected a non-negative width and height, got {shape[2]!r} and {shape[3]!r}"
        if far := [value for value in shape if not -_FAR <= value <= 1 + _FAR]:
            return f"expected numbers from 0 to 1, got {far[0]!r}: probably pixels"
        return ""


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


def _numbers(columns: list[str]) -> list[float] | str:
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
