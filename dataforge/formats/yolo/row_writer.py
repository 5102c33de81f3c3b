"""Makes the rows of label files, and counts what they cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Finding, Place
from dataforge.formats import one_ring as outlines
from dataforge.formats.base import WritePlan
from dataforge.formats.json_spans import number
from dataforge.formats.tally import KeyLosses, LeftOut, Loss, Losses, key_losses, place_of
from dataforge.formats.turned import corners_of
from dataforge.formats.yolo.pose import columns_of, number_of
from dataforge.records import Box, Image, Instance, Mask, Polygons, Ring

_TOLERANCE = 1e-6
"""Share of the image size by which a box may extend because floats are not exact."""

LOSSES = {
    "outlines": Loss(
        "outlines-not-carried",
        "instance",
        "with a polygon or mask: written as boxes",
        "write polygons with --segments",
    ),
    "areas": Loss(
        "area-not-carried",
        "instance",
        "with an area that is not that of the box or polygon: not stored",
    ),
    "bridged": Loss(
        "rings-joined",
        "instance",
        "with several polygons: joined by thin bridges, or merged if they overlap",
    ),
    "boxes": Loss(
        "boxes-as-outlines",
        "instance",
        "with only a box: its corners are written",
    ),
    "unlike": Loss(
        "box-not-kept",
        "instance",
        "with a box that is not the bounding box of the polygon: not stored",
    ),
    "turned": Loss(
        "outlines-as-turned-boxes",
        "instance",
        "with an outline of other than four corners: written as the smallest turned box around it",
    ),
    "clipped": Loss(
        "clipped-to-image",
        "instance",
        "extending beyond the image: clipped to it, as Ultralytics requires",
    ),
    "crowds": Loss("crowds-left-out", "crowd", "skipped: YOLO has no crowds"),
    "attributes": Loss(
        "attributes-not-carried",
        "instance",
        "with attributes that YOLO cannot store ({names})",
    ),
    "flags": Loss(
        "image-attributes-not-carried",
        "image",
        "with attributes that YOLO cannot store ({names})",
    ),
    "points outside": Loss(
        "clipped-to-image",
        "instance",
        "with keypoints beyond the image: moved to its edge, as Ultralytics requires",
    ),
    "no points": Loss(
        "keypoints-filled",
        "instance",
        "without keypoints, or with fewer than their class has: written as not labelled",
    ),
    "skeletons": Loss(
        "keypoint-names-not-carried", "class", "with a skeleton, which YOLO cannot store"
    ),
    **key_losses("YOLO"),
    "keypoints": Loss(
        "keypoints-not-carried", "instance", "with keypoints: not written", "write them with --pose"
    ),
    "points left": Loss(
        "keypoints-not-carried",
        "instance",
        "with more keypoints than any class declares: only so many are written",
    ),
}


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are written.

    Attributes:
        segments: rows are polygons, for Ultralytics' segment task; else boxes, for its detect
            task. It reads all rows of a file in the same way, so they are never mixed.
        pose: rows are boxes with keypoints, for its pose task.
        obb: rows are the four corners of turned boxes, for its OBB task.
    """

    segments: Annotated[bool, msgspec.Meta(description="Write polygons instead of boxes.")] = False
    pose: Annotated[
        bool,
        msgspec.Meta(description="Write keypoints after each box, for Ultralytics' pose task."),
    ] = False

    obb: Annotated[
        bool,
        msgspec.Meta(description="Write turned boxes by their corners, for Ultralytics' OBB task."),
    ] = False


class RowWriter:
    """Makes the rows of a shard's instances.

    Args:
        plan: see `WritePlan`.
        options: see `WriteOptions`.

    Attributes:
        losses: what YOLO cannot store.
        keys: counts the keys of other formats among them.
        findings: on what is not written.
        left_out: what that is.
    """

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self.losses = Losses(LOSSES)
        self.keys = KeyLosses(self.losses, keypoints=options.pose)
        self.findings: list[Finding] = []
        self.left_out = LeftOut()
        self._numbers = {one.name: at for at, one in enumerate(plan.header.categories)}
        self._own = {one.name: len(one.keypoints) for one in plan.header.categories}
        self._segments = options.segments or options.obb
        self._obb = options.obb
        self._points = number_of(plan.header.categories) if options.pose else 0
        self._only_boxes = not (self._segments or self._points)

    def lose(
        self, name: str, place: Place, message: str, remedy: str, *instances: Instance
    ) -> None:
        """Add the finding on instances that are not written."""
        shapes = sum(instance.parts for instance in instances)
        self.findings.append(code(name).at(place, message, remedy, lost=shapes))
        self.left_out.add(*instances)

    def row(self, image: Image, instance: Instance) -> str:
        """The line of an instance; empty if it has none."""
        place = place_of(image, instance)
        if instance.iscrowd:
            self.losses.add("crowds", place, lost=instance.parts)
            self.left_out.add(instance)
            return ""
        w, h = image.width, image.height
        x0, y0, x1, y1 = box = instance.box
        inside = 0 <= x0 < x1 <= w and 0 <= y0 < y1 <= h
        if inside and self._only_boxes:  # most are
            more = instance.attributes or instance.difficult
            if more or instance.shape is None or instance.keypoints:
                self._count(image, instance, place, inside)
            else:
                self.losses.add("outlines", place)
                self.keys.instance(instance)
            cx, cy = (x0 + x1) / 2 / w, (y0 + y1) / 2 / h
            start = self._numbers[instance.label]
            row = f"{start} {cx!r} {cy!r} {(x1 - x0) / w!r} {(y1 - y0) / h!r}\n"
            if ".0 " not in row and ".0\n" not in row:  # else it has a whole number
                return row
            return _row(start, [cx, cy, (x1 - x0) / w, (y1 - y0) / h]) + "\n"
        if not inside:
            box = geometry.clip_box(box, w, h)
        ring: Ring = ()
        if self._segments:
            try:
                ring = self._ring(image, instance, box, place)
            except geometry.TooLargeError as error:
                message = f"{instance.label!r} cannot become one polygon: {error}"
                self.lose("shape-too-large", place, message, "", instance)
                return ""
            box = geometry.ring_box(ring) if ring else (0.0, 0.0, 0.0, 0.0)
        x0, y0, x1, y1 = box
        if not (x1 > x0 and y1 > y0):
            self.lose(
                "nothing-in-image",
                place,
                f"{instance.label!r} has no area inside the image: skipped",
                "redraw or delete it",
                instance,
            )
            return ""
        self._count(image, instance, place, inside)
        if self._segments:
            values = [min(value / (h if i % 2 else w), 1.0) for i, value in enumerate(ring)]
        else:
            values = [(x0 + x1) / 2 / w, (y0 + y1) / 2 / h, (x1 - x0) / w, (y1 - y0) / h]
        row = _row(self._numbers[instance.label], values)
        return f"{row} {self._keypoints(image, instance, place)}\n" if self._points else f"{row}\n"

    def _keypoints(self, image: Image, instance: Instance, place: Place) -> str:
        """The columns of an instance's keypoints."""
        found = columns_of(instance.keypoints, self._points, image.width, image.height)
        columns, outside = found
        if outside:
            self.losses.add("points outside", place)
        own = self._own[instance.label]
        if len(instance.keypoints) < 3 * own:
            self.losses.add("no points", place)
        elif len(instance.keypoints) > 3 * self._points:
            self.losses.add("points left", place)
        return columns

    def _ring(self, image: Image, instance: Instance, box: Box, place: Place) -> Ring:
        """The single polygon of an instance inside the image; empty if there is none.

        Raises:
            TooLargeError: it has too many corners or parts.
        """
        size = image.width, image.height
        if self._obb:
            return self._corners(instance, box, size, place)
        rings = outlines.rings_of(instance.shape)
        if not rings:
            self.losses.add("boxes", place)
            rings = [geometry.box_corners(box)]
        elif geometry.ring_box(*rings) != instance.box:
            self.losses.add("unlike", place)
        rings = geometry.rings_inside(rings, *size)
        if len(rings) > 1:
            self.losses.add("bridged", place)
        return outlines.joined(rings, *size, are_polygons=isinstance(instance.shape, Polygons))

    def _corners(self, instance: Instance, box: Box, size: tuple[int, int], place: Place) -> Ring:
        """The corners of an instance's turned box, each moved into the image; empty if there are
        none.

        Raises:
            TooLargeError: a mask has too many corners.
        """
        ring, is_own = corners_of(instance)
        if instance.shape is None:
            self.losses.add("boxes", place)
            ring = geometry.box_corners(box)
        elif not is_own:
            self.losses.add("turned", place)
        elif geometry.ring_box(ring) != instance.box:
            self.losses.add("unlike", place)
        if box[0] >= box[2] or box[1] >= box[3]:
            return ()
        return tuple(min(max(value, 0.0), float(size[at % 2])) for at, value in enumerate(ring))

    def _count(self, image: Image, instance: Instance, place: Place, inside: bool) -> None:
        """Count what is not carried of an instance that is written; its box may be inside."""
        if instance.shape is not None and not self._segments:
            self.losses.add("outlines", place)
        elif not (self._obb and isinstance(instance.shape, Mask)) and geometry.has_own_area(
            instance, image.width, image.height
        ):
            self.losses.add("areas", place)
        marks = [] if inside else [instance.box]
        if self._segments and isinstance(instance.shape, Polygons):
            marks.append(geometry.ring_box(*instance.shape.rings))
        if marks and any(_extends_beyond(mark, image.width, image.height) for mark in marks):
            self.losses.add("clipped", place)
        if instance.attributes or instance.difficult:
            names = [*instance.attributes, *(["difficult"] if instance.difficult else [])]
            self.losses.add("attributes", place, names=names)
        self.keys.instance(instance)


def _row(start: int, values: Sequence[float]) -> str:
    return f"{start} {' '.join(map(number, values))}"


def _extends_beyond(box: Box, width: int, height: int) -> bool:
    x, y = width * _TOLERANCE, height * _TOLERANCE
    return box[0] < -x or box[1] < -y or box[2] > width + x or box[3] > height + y
