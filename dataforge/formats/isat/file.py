"""What is in a file of ISAT.

    {"info": {"description": "ISAT", "folder": "/data/images", "name": "a.jpg", "width": 64,
              "height": 48, "depth": 3, "note": ""},
     "objects": [{"category": "cat", "group": 1, "segmentation": [[x, y], ...], "area": 280.0,
                  "layer": 1.0, "bbox": [x0, y0, x1, y1], "iscrowd": false, "note": ""}]}

Source: github.com/yatengLG/ISAT_with_segment_anything, ISAT/annotation.py and ISAT/formats/.
Polygons of one group, category and iscrowd are one object (formats/coco.py). An object of group 0
is in none: so says the conversion to labelme (formats/labelme.py).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from dataforge.formats.base import Part
from dataforge.formats.drawn import DrawnError, checked
from dataforge.formats.json_entries import (
    Keys,
    elements,
    keys_of,
    number_of,
    rest_of,
    text_of,
    whole,
)
from dataforge.formats.sizes import stated_size
from dataforge.io import plain
from dataforge.records import Ring

_KNOWN = ("category", "group", "segmentation", "area", "layer", "bbox", "iscrowd", "note")
_DIGITS = {*"0123456789"}


class IsatFile(NamedTuple):
    """A file.

    Attributes:
        name: of the image; empty if it is not stated.
        folder: of the image, on the computer where it was annotated.
        note: on the image.
        size: (width, height) in pixels; None if it is not stated.
        objects: each still encoded.
    """

    name: str
    folder: str
    note: str
    size: tuple[int, int] | None
    objects: list[msgspec.Raw]


class Outline(NamedTuple):
    """A polygon.

    Attributes:
        label: its class.
        ring: as drawn.
        group: number, or text, of its group; None if it has none.
        layer: what has a higher one is drawn over it.
        iscrowd: whether it is a crowd.
        note: on it.
        own: keys that are not ISAT's.
    """

    label: str
    ring: Ring
    group: int | str | None
    layer: float
    iscrowd: bool
    note: str
    own: dict[str, Any]


def parse_file(data: bytes, name: str) -> Part[IsatFile | None]:
    """Returns what is in a file; None if it is not ISAT's.

    Raises:
        ParseError: it is not JSON, or too much of it.
    """
    raw = yield from whole(data, name)
    top = keys_of(raw)
    info = None if top is None else keys_of(top.get("info"))
    if top is None or info is None or not text_of(info.get("description")).startswith("ISAT"):
        return None
    try:
        objects = elements(top["objects"], name) if "objects" in top else []
    except msgspec.ValidationError:
        return None
    size = stated_size(number_of(info.get("width")), number_of(info.get("height")))
    image, folder, note = (text_of(info.get(key)) for key in ("name", "folder", "note"))
    return IsatFile(image, folder, note, size, objects)


def outline_of(raw: msgspec.Raw) -> Outline:
    """An object.

    Raises:
        DrawnError: it cannot be read.
    """
    keys = keys_of(raw)
    if keys is None:
        raise DrawnError("expected an object with a category and a segmentation")
    label = text_of(keys.get("category")).strip()
    if not label:
        raise DrawnError("has no category")
    layer = number_of(keys.get("layer"))
    return Outline(
        label,
        _ring(keys),
        _group(keys),
        layer if layer is not None and math.isfinite(layer) else 0.0,
        _is_true(keys.get("iscrowd")),
        text_of(keys.get("note")),
        rest_of(keys, *_KNOWN),
    )


def _ring(keys: Keys) -> Ring:
    try:
        points = msgspec.json.decode(keys["segmentation"], type=list[tuple[float, float]])
    except (KeyError, msgspec.DecodeError) as error:
        raise DrawnError("segmentation: expected a list of [x, y]") from error
    if len(points) > 3 and points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        raise DrawnError(f"a polygon needs at least 3 points, has {len(points)}")
    return tuple(checked([value for point in points for value in point]))


def _group(keys: Keys) -> int | str | None:
    """A group is a number, which older versions wrote as text; 0 and "" are none."""
    text = text_of(keys.get("group")).strip()
    if not text and (value := number_of(keys.get("group"))) is not None:
        text = f"{value:g}"
    is_number = 0 < len(text) < 16 and {*text} <= _DIGITS
    return (int(text) if is_number else text) or None


def _is_true(raw: msgspec.Raw | None) -> bool:
    return raw is not None and plain(raw) in (True, 1, "1", "true", "True")
