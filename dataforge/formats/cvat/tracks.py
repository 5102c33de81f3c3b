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
from collections.abc import Sequence
from itertools import zip_longest
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


_OF_ITS_OWN = 20
"""What a shape takes beside its numbers, in numbers."""


def shown_in(keys: Sequence[Shown], frames: range, room: Room) -> list[Shown] | None:
    """All shapes of a track, given those of its keyframes in order; None if there are too many.

    Args:
        keys: those that are outside are among them.
        frames: of the task; empty if they are not known.
        room: for computed shapes.
    """
    shown = [(key, after) for key, after in zip_longest(keys, keys[1:]) if not is_outside(key)]
    between = [_between(key, after, frames) for key, after in shown]
    numbers = (
        len(frames) * (len(key.drawn.values) + _OF_ITS_OWN)
        for (key, _), frames in zip(shown, between, strict=True)
    )
    if not room.take_computed(sum(numbers)):
        return None
    found = []
    for (key, after), own in zip(shown, between, strict=True):
        found.append(key)
        found += (_in_frame(frame, key, after) for frame in own)
    return found


def _between(key: Shown, after: Shown | None, frames: range) -> range:
    """The frames that a shape is in until the next keyframe, or the end."""
    if not frames:
        return range(key.frame + 1, after.frame if after else 0)
    end = len(frames) if after is None else bisect_left(frames, after.frame)
    return frames[bisect_left(frames, key.frame + 1) : end]


def _in_frame(frame: int, key: Shown, after: Shown | None) -> Shown:
    """A shape between two keyframes."""
    drawn = key.drawn
    if after is not None and not is_outside(after):
        share = (frame - key.frame) / (after.frame - key.frame)
        drawn = between_two(drawn, after.drawn, share)
    return key._replace(frame=frame, drawn=drawn, computed=True)


def is_outside(shown: Shown) -> bool:
    """Whether an object has left the image."""
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
