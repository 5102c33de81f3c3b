"""The rows of VisDrone's label files.

    left,top,width,height,score,category,truncation,occlusion                  of an image
    frame,target,left,top,width,height,score,category,truncation,occlusion     of a video

Source: the readme of VisDrone's toolkits. Numbers are pixels from 0. A score of 0 says that an
object is not to be judged; category 0 marks regions in which objects were not labelled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dataforge.formats.listed import fault_of
from dataforge.records import Box

CLASSES = (
    "ignored regions", "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle",
    "awning-tricycle", "bus", "motor", "others",
)  # fmt: skip
"""By number of the category."""

_COLUMNS, _VIDEO_COLUMNS = 8, 10


class Row(NamedTuple):
    """A row.

    Attributes:
        frame: number of the image in its video; 0 if it is of no video.
        label: the class.
        box: edges, pixels; in the order as written.
        is_ignored: whether nothing is to be trained or judged there.
        attributes: what else is known.
    """

    frame: int
    label: str
    box: Box
    is_ignored: bool
    attributes: dict[str, Any]


def parse_row(line: str, *, is_video: bool) -> Row | str:
    """The row of a line, or what is wrong with it; it may end with a comma."""
    words = [word.strip() for word in line.removesuffix("\n").rstrip().removesuffix(",").split(",")]
    columns = _VIDEO_COLUMNS if is_video else _COLUMNS
    if len(words) != columns:
        return f"expected {columns} numbers, got {len(words)} columns"
    numbers: list[float] = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            return f"expected a number, got {word!r}"
    if fault := fault_of(numbers):
        return fault
    left, top, width, height, score, category, truncation, occlusion = numbers[-_COLUMNS:]
    if category not in range(len(CLASSES)):
        return f"expected a category from 0 to {len(CLASSES) - 1}, got {words[-3]!r}"
    box = (left, top, left + width, top + height)
    attributes: dict[str, Any] = {}
    if is_video:
        if numbers[0] != int(numbers[0]) or numbers[0] < 0:
            return f"expected the number of a frame, got {words[0]!r}"
        attributes["track_id"] = _plain(numbers[1])
    marks = {"truncation": truncation, "occlusion": occlusion}
    attributes |= {name: _plain(value) for name, value in marks.items() if value != -1}
    attributes |= {} if score in (0, 1) else {"score": score}
    is_ignored = score == 0 or category == 0
    frame = int(numbers[0]) if is_video else 0
    return Row(frame, CLASSES[int(category)], box, is_ignored, attributes)


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value
