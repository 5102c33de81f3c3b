"""The objects of images and of tracks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataforge.codes import code
from dataforge.findings import Edit, Finding, Place, Reorder
from dataforge.formats.base import Part
from dataforge.formats.cvat.attributes import CROWD, DIFFICULT, attributes_of
from dataforge.formats.cvat.meta import Meta, Task
from dataforge.formats.cvat.shapes import (
    OTHERS,
    SHAPES,
    Drawn,
    Room,
    ShapeError,
    drawn_of,
    geometry_of,
)
from dataforge.formats.cvat.tracks import Shown, is_complete, is_outside, shown_in
from dataforge.records import Instance

if TYPE_CHECKING:
    from lxml import etree

_DECIMAL = {*"0123456789"}


class Objects:
    """Reads the objects of one file.

    Args:
        file: its path.
        meta: what it says before.
        room: what outlines may take.
    """

    def __init__(self, file: str, meta: Meta, room: Room) -> None:
        self._file = file
        self._meta = meta
        self._room = room

    def of_image(
        self, image: etree._Element, place: Place, size: tuple[int, int]
    ) -> Part[list[Instance]]:
        """Returns the instances of an <image>."""
        instances = []
        seen: Counter[str] = Counter()
        for child in image:
            tag = child.tag
            if tag not in SHAPES and tag not in OTHERS:
                continue
            own = Place(self._file, f"{place.pointer}/{tag}[{seen[tag]}]", line_of(child))
            seen[tag] += 1
            if tag in OTHERS:
                yield _not_read(tag, own)
                continue
            try:
                drawn = drawn_of(tag, _given(child))
            except ShapeError as error:
                yield _unusable(own, error)
                continue
            instance = yield from self._instance(child, child, drawn, own, size)
            if instance is not None:
                instances.append(instance)
        return instances

    def of_tracks(self, tracks: Sequence[etree._Element]) -> Part[list[tuple[Task, Shown]]]:
        """Returns all shapes of tracks."""
        complete = is_complete(tracks)
        found: list[tuple[Task, Shown]] = []
        for number, track in enumerate(tracks):
            task = self._meta.task_of(track)
            keys = yield from self._keys(track, Place(self._file, f"track[{number}]"))
            written = [key for key in keys if not is_outside(key)]
            shown = written if complete else shown_in(keys, task.frames, self._room)
            if shown is None:
                yield code("too-many-frames").at(
                    Place(self._file, f"track[{number}]", line_of(track)),
                    "the track is in more frames than a file of this size can be about: read in "
                    "its keyframes alone",
                    "export the video again: CVAT writes the shapes of all frames",
                )
            found += ((task, one) for one in (written if shown is None else shown))
        return found

    def _keys(self, track: etree._Element, place: Place) -> Part[list[Shown]]:
        """Returns the shapes of a track that stand in the file, by frame."""
        by_frame: dict[int, Shown] = {}
        seen: Counter[str] = Counter()
        for child in track:
            tag = child.tag
            if tag not in SHAPES and tag not in OTHERS:
                continue
            pointer = f"{place.pointer}/{tag}[{seen[tag]}]"
            own = Place(self._file, pointer, line_of(child))
            seen[tag] += 1
            if tag in OTHERS:
                if child.get("outside") != "1":
                    yield _not_read(tag, own)
                continue
            try:
                frame = frame_of(child.get("frame", ""))
                by_frame[frame] = Shown(frame, drawn_of(tag, _given(child)), child, own)
            except ShapeError as error:
                yield _unusable(own, error)
        return [by_frame[frame] for frame in sorted(by_frame)]

    def of_frame(self, shapes: Sequence[Shown], size: tuple[int, int]) -> Part[list[Instance]]:
        """Returns the instances of a frame."""
        instances = []
        for shown in shapes:
            element = shown.element
            place = shown.place
            if shown.computed:  # it has no element of its own that could be edited
                place = Place(place.file, f"{place.pointer} in frame {shown.frame}", place.line)
            track: Any = element.getparent()
            instance = yield from self._instance(element, track, shown.drawn, place, size)
            if instance is not None:
                instances.append(instance)
        return instances

    def _instance(
        self,
        element: etree._Element,
        named: etree._Element,
        drawn: Drawn,
        place: Place,
        size: tuple[int, int],
    ) -> Part[Instance | None]:
        """Returns the instance of an element, None if it is unusable.

        Args:
            element: its shape and attributes.
            named: what has its label: the same, or its track.
            drawn: its numbers.
            place: of the element.
            size: (width, height) of the image, pixels.
        """
        label = named.get("label", "").strip()
        try:
            if not label:
                raise ShapeError("has no label")
            made = geometry_of(drawn, size, self._room)
        except ShapeError as error:
            yield _unusable(place, error)
            return None
        if made.reversed:
            yield code("reversed-box").at(
                place,
                f"corners of {label!r} are reversed: reordered",
                "write the corners in order",
                edits=[Edit(place, Reorder())],
            )
        attributes = attributes_of(element, label, self._meta.types)
        if named is not element:
            attributes = attributes_of(named, label, self._meta.types) | attributes
            attributes |= _track(named)
        difficult, crowd = attributes.get(DIFFICULT), attributes.get(CROWD)
        if difficult is True:
            del attributes[DIFFICULT]
        if crowd is True:
            del attributes[CROWD]
        return Instance(
            label=label,
            box=made.box,
            area=made.area,
            shape=made.shape,
            iscrowd=crowd is True,
            difficult=difficult is True,
            place=place,
            attributes=attributes,
            extra={"cvat": dict(made.extra)} if made.extra else {},
        )


def _given(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def number_of(image: etree._Element) -> int:
    """The number of objects of an <image>."""
    return sum(child.tag in SHAPES or child.tag in OTHERS for child in image)


def line_of(element: Any) -> int:
    """The line of a tag."""
    return int(element.sourceline or 0)


def _track(track: etree._Element) -> dict[str, Any]:
    number = track.get("id", "")
    return {"track_id": int(number)} if 0 < len(number) < 18 and {*number} <= _DECIMAL else {}


def frame_of(text: str) -> int:
    """The number of a frame.

    Raises:
        ShapeError: it is none.
    """
    if not (0 < len(text) < 10 and {*text} <= _DECIMAL):
        raise ShapeError(f"frame: expected a number, got {text[:40]!r}")
    return int(text)


def _unusable(place: Place, error: ShapeError) -> Finding:
    return code("unusable-shape").at(place, str(error), "redraw or delete it", lost=1)


def _not_read(tag: str, place: Place) -> Finding:
    what = {"points": "points have no area", "skeleton": "a skeleton is several points"}
    return code("shape-not-read").at(
        place,
        f"{what.get(tag, f'a {tag} has no area in the image')}: skipped",
        "draw a box or a polygon if it is an object",
        lost=1,
    )
