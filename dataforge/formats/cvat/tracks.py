"""The shapes of a track in each frame.

CVAT writes the shape of each frame, `keyframe="0"` where it has computed it, and these are read as
they stand. A file in which there are keyframes alone is completed as CVAT does it
(``cvat/apps/dataset_manager/annotation.py::TrackManager``): numbers change evenly from keyframe to
keyframe, an angle the shorter way round; masks, and polygons of different numbers of points, stay;
what else is said holds until the next keyframe; the last one holds to the end; and from a keyframe
that is `outside` on, there is nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dataforge.findings import Place
from dataforge.formats.cvat.shapes import Drawn, Room

if TYPE_CHECKING:
    from lxml import etree


class Shown(NamedTuple):
    """A shape of a track in one frame.

    Attributes:
        frame: its number.
        drawn: its numbers.
        element: that says so, or the keyframe before it.
        place: of the element.
        computed: whether it is between keyframes.
    """

    frame: int
    drawn: Drawn
    element: etree._Element
    place: Place
    computed: bool = False


def is_complete(tracks: Sequence[etree._Element]) -> bool:
    """Whether a file has the shapes of all frames."""
    return any(child.get("keyframe") == "0" for track in tracks for child in track)


def shown_in(keys: Sequence[Shown], frames: range, room: Room) -> Iterator[Shown]:
    """All shapes of a track, given those of its keyframes in order.

    Args:
        keys: those that are outside are among them.
        frames: of the task; empty if they are not known.
        room: what computed shapes may take.

    Raises:
        ShapeError: there are too many frames.
    """
    for key, after in pairwise(keys):
        yield from _until(key, after, frames, room)
    if keys:
        last = keys[-1]
        yield from [] if _is_outside(last) else [last]
        if not _is_outside(last):
            for frame in frames[bisect_left(frames, last.frame + 1) :]:
                room.take(numbers=len(last.drawn.values) + 20)
                yield last._replace(frame=frame, computed=True)


def _until(key: Shown, after: Shown, frames: range, room: Room) -> Iterator[Shown]:
    if _is_outside(key):
        return
    yield key
    between = range(key.frame + 1, after.frame)
    if frames:
        first, end = bisect_left(frames, key.frame + 1), bisect_left(frames, after.frame)
        between = frames[first:end]
    for frame in between:
        room.take(numbers=len(key.drawn.values) + 20)
        share = (frame - key.frame) / (after.frame - key.frame)
        moves = not _is_outside(after)
        drawn = between_two(key.drawn, after.drawn, share) if moves else key.drawn
        yield key._replace(frame=frame, drawn=drawn, computed=True)


def _is_outside(shown: Shown) -> bool:
    return shown.element.get("outside") == "1"


def between_two(one: Drawn, other: Drawn, share: float) -> Drawn:
    """A shape some way from one keyframe to the next.

    >>> between_two(Drawn("box", (0, 0, 4, 4), 350), Drawn("box", (8, 0, 12, 4), 10), 0.25)
    Drawn(tag='box', values=(2.0, 0.0, 6.0, 4.0), rotation=355.0, rle='')
    """
    if one.tag != other.tag or one.tag == "mask" or len(one.values) != len(other.values):
        return one
    pairs = zip(one.values, other.values, strict=True)
    values = tuple(a + (b - a) * share for a, b in pairs)
    turn = (other.rotation - one.rotation + 180) % 360 - 180
    return Drawn(one.tag, values, (one.rotation + turn * share) % 360)
