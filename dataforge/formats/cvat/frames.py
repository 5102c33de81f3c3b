"""Which frames a task has, where its tracks number them otherwise than <meta>.

CVAT numbers frames as the video does, from ``start_frame`` in steps of ``frame_filter``. Older
versions of it, and other tools, count those that a task has from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.cvat.meta import Meta, Task
from dataforge.formats.cvat.objects import frame_of, line_of
from dataforge.formats.cvat.shapes import SHAPES, ShapeError

if TYPE_CHECKING:
    from lxml import etree


class _Shown:
    """The shapes of a task that are to be seen.

    Attributes:
        number: of them.
        others: of those in frames that the task does not have.
        first: (frame, place) of the first of these.
        highest: the last frame of all.
    """

    def __init__(self) -> None:
        self.number = self.others = self.highest = 0
        self.first: tuple[int, Place] | None = None

    def add(self, track: etree._Element, frames: range, place: Place) -> None:
        """Count those of a track at a place."""
        for child in track:
            if child.tag not in SHAPES or child.get("outside") == "1":
                continue
            try:
                frame = frame_of(child.get("frame", ""))
            except ShapeError:
                continue
            self.number += 1
            self.highest = max(self.highest, frame)
            if frame not in frames:
                self.others += 1
                self.first = self.first or (
                    frame,
                    Place(place.file, place.pointer, line_of(child)),
                )


def with_frames(file: str, meta: Meta, tracks: Sequence[etree._Element]) -> Part[Meta]:
    """Returns <meta> with the frames of each task as its tracks number them.

    Args:
        file: the XML file.
        meta: as it stands there.
        tracks: of the file.
    """
    shown: dict[Task, _Shown] = defaultdict(_Shown)
    for number, track in enumerate(tracks):
        task = meta.task_of(track)
        if task.frames:
            shown[task].add(track, task.frames, Place(file, f"track[{number}]"))
    changed: dict[Task, Task] = {}
    for task, own in shown.items():
        if own.first is not None:
            frames, said = _meant(task.frames, own)
            changed[task] = task._replace(frames=frames)
            yield _finding(task.frames, own.others, own.first, said)
    return meta._replace(
        tasks={name: changed.get(task, task) for name, task in meta.tasks.items()},
        default=changed.get(meta.default, meta.default),
    )


def _meant(frames: range, shown: _Shown) -> tuple[range, str]:
    """(the frames of a task, empty if they are not known; how they are told).

    Args:
        frames: as <meta> has them.
        shown: the shapes, some of which are in none of these frames.
    """
    if shown.highest < len(frames):
        return range(len(frames)), f"frames are taken as counted from 0 to {len(frames) - 1}"
    if shown.others == shown.number:
        return range(0), "all frames between keyframes are taken as the task's"
    return frames, "between keyframes, the frames of the task are read"


def _finding(frames: range, others: int, first: tuple[int, Place], said: str) -> Finding:
    step = f" in steps of {frames.step}" if frames.step > 1 else ""
    frame, place = first
    return code("frame-not-of-task").at(
        place,
        f"{plural(others, 'shape')} in frames that are none of the task's {frames[0]} to "
        f"{frames[-1]}{step} (this is the first, in frame {frame}): {said}",
        "compare the objects with their images; if they do not fit, correct start_frame, "
        "stop_frame and step in <meta>, or export the task again",
        count=others,
    )
