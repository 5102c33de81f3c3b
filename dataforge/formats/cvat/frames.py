"""Which frames a task has, where its tracks number them otherwise than <meta>.

CVAT numbers frames as the video does, from ``start_frame`` in steps of ``frame_filter``. Older
versions of it, and other tools, count those that a task has from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.cvat.meta import Meta, Task
from dataforge.formats.cvat.objects import frame_of, line_of
from dataforge.formats.cvat.shapes import SHAPES, ShapeError

if TYPE_CHECKING:
    from lxml import etree


class _At(NamedTuple):
    """A shape's frame and place."""

    frame: int
    place: Place


def with_frames(file: str, meta: Meta, tracks: Sequence[etree._Element]) -> Part[Meta]:
    """Returns <meta> with the frames of each task as its tracks number them.

    Args:
        file: the XML file.
        meta: as it stands there.
        tracks: of the file.
    """
    shown: dict[Task, list[_At]] = defaultdict(list)
    for number, track in enumerate(tracks):
        task = meta.task_of(track)
        if task.frames:
            shown[task] += _shapes(track, file, f"track[{number}]")
    changed: dict[Task, Task] = {}
    for task, own in shown.items():
        others = [one for one in own if one.frame not in task.frames]
        if others:
            frames, said = _meant(task.frames, own, len(others))
            changed[task] = task._replace(frames=frames)
            yield _finding(task, others, said)
    return meta._replace(
        tasks={name: changed.get(task, task) for name, task in meta.tasks.items()},
        default=changed.get(meta.default, meta.default),
    )


def _shapes(track: etree._Element, file: str, pointer: str) -> list[_At]:
    """Those that are to be seen."""
    found = []
    for child in track:
        if child.tag in SHAPES and child.get("outside") != "1":
            try:
                frame = frame_of(child.get("frame", ""))
            except ShapeError:
                continue
            found.append(_At(frame, Place(file, pointer, line_of(child))))
    return found


def _meant(frames: range, shown: Sequence[_At], others: int) -> tuple[range, str]:
    """(the frames of a task, empty if they are not known; how they are told).

    Args:
        frames: as <meta> has them.
        shown: the shapes.
        others: number of those in none of these frames.
    """
    if max(one.frame for one in shown) < len(frames):
        return range(len(frames)), f"frames are taken as counted from 0 to {len(frames) - 1}"
    if others == len(shown):
        return range(0), "all frames between keyframes are taken as the task's"
    return frames, "between keyframes, the frames of the task are read"


def _finding(task: Task, others: Sequence[_At], said: str) -> Finding:
    frames, first = task.frames, others[0]
    step = f" in steps of {frames.step}" if frames.step > 1 else ""
    return code("frame-not-of-task").at(
        first.place,
        f"{plural(len(others), 'shape')} in frames that are none of the task's {frames[0]} to "
        f"{frames[-1]}{step} (this is the first, in frame {first.frame}): {said}",
        "compare the objects with their images; if they do not fit, correct start_frame, "
        "stop_frame and step in <meta>, or export the task again",
        count=len(others),
    )
