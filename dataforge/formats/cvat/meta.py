"""What <meta> says: labels, types of attributes, and the frames of each task.

Source: CVAT's documentation, "CVAT XML annotation format", version 1.1. A project has several
tasks; an image and a track name theirs in `task_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dataforge.formats.sizes import stated_size
from dataforge.layouts import SPLIT_NAMES

if TYPE_CHECKING:
    from lxml import etree

_MOST_FRAMES = 2**31  # CVAT's own are 32-bit integers


class Task(NamedTuple):
    """A task.

    Attributes:
        id, name: as CVAT has them.
        split: what its subset means; None if it has none.
        size: (width, height) of its frames, pixels; None if it does not say.
        frames: the numbers that its frames have; empty if it does not say.
    """

    id: str = ""
    name: str = ""
    split: str | None = None
    size: tuple[int, int] | None = None
    frames: range = range(0)


class Meta(NamedTuple):
    """What a file says before its images.

    Attributes:
        labels: names of the classes, in order.
        types: (label, attribute) -> its input type.
        tasks: id -> task.
        default: the task of what names none.
    """

    labels: list[str]
    types: dict[tuple[str, str], str]
    tasks: dict[str, Task]
    default: Task

    def task_of(self, element: etree._Element) -> Task:
        """The task of an image or a track."""
        return self.tasks.get(element.get("task_id", ""), self.default)


def read_meta(top: etree._Element) -> Meta:
    """What <meta> says; empty where it does not."""
    meta = top.find("meta")
    if meta is None:
        return Meta([], {}, {}, Task())
    labels: dict[str, None] = {}
    types: dict[tuple[str, str], str] = {}
    for label in meta.iter("label"):
        name = (label.findtext("name") or "").strip()
        if name and not label.findtext("parent"):  # parts of skeletons have a parent
            labels[name] = None
            for attribute in label.iter("attribute"):
                own = name, (attribute.findtext("name") or "").strip()
                types[own] = (attribute.findtext("input_type") or "").strip()
    whole = _task(meta, meta)
    tasks = {task.id: task for task in _tasks(meta)}
    default = next(iter(tasks.values())) if len(tasks) == 1 else whole
    return Meta([*labels], types, tasks, default)


def _tasks(meta: etree._Element) -> Iterator[Task]:
    for element in meta.iter("task", "job"):
        yield _task(element, meta)


def _task(element: etree._Element, meta: etree._Element) -> Task:
    size = element.find("original_size")
    if size is None:
        size = meta.find("original_size")
    found = None
    if size is not None:
        found = stated_size(_number(size.findtext("width")), _number(size.findtext("height")))
    return Task(
        id=(element.findtext("id") or "").strip(),
        name=(element.findtext("name") or "").strip(),
        split=split_of(element.findtext("subset")),
        size=found,
        frames=_frames(element),
    )


def _frames(element: etree._Element) -> range:
    start, stop = _number(element.findtext("start_frame")), _number(element.findtext("stop_frame"))
    if stop is None and (count := _number(element.findtext("size"))) is not None:
        start, stop = start or 0, (start or 0) + count - 1
    step = re.search(r"step\s*=\s*(\d{1,9})", element.findtext("frame_filter") or "")
    if start is None or stop is None or not 0 <= start <= stop < _MOST_FRAMES:
        return range(0)
    return range(int(start), int(stop) + 1, max(int(step[1]), 1) if step else 1)


def _number(text: str | None) -> int | None:
    """A text as a whole number."""
    found = re.fullmatch(r"\s*(\d{1,12})\s*", text or "", re.ASCII)
    return int(found[1]) if found else None


def split_of(subset: str | None) -> str | None:
    """The split that a subset is; None for CVAT's `default`, which says nothing."""
    name = (subset or "").strip()
    if name.lower() in ("", "default", "none"):
        return None
    return SPLIT_NAMES.get(name.lower(), name)
