"""Reads a page of a COCO file: some hundred images with their annotations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Evidence, finished
from dataforge.formats.coco.entries import (
    Annotation,
    Decoded,
    ImageEntry,
    UsualAnnotation,
    box_of,
    decode,
    decode_all,
)
from dataforge.formats.coco.file import CATEGORY_IDS, UNREAD, Notes, extra_of, shortly
from dataforge.formats.coco.ids import is_id
from dataforge.formats.coco.keypoints import NUMBER, POINTS, labelled
from dataforge.formats.coco.lists import written_name
from dataforge.formats.coco.options import Options
from dataforge.formats.coco.outlines import shape_of
from dataforge.formats.coco.pages import COUNTS, Count, Page
from dataforge.formats.coco.places import ImagePlaces
from dataforge.formats.sizes import find_size, stated_size
from dataforge.io import in_64_bits, resolve
from dataforge.layouts import path_of_url
from dataforge.records import Box, Image, Instance, Keypoints, Mask, Polygons


class PageReader:
    """Reads one page.

    Args:
        page: see above.
        places: where the images are.
        options: of the reader.
        context: of the reader.
    """

    def __init__(self, page: Page, places: ImagePlaces, options: Options, context: Context) -> None:
        self.page = page
        self.source = page.source
        self.labels = page.source.labels
        self.exact = self.labels.exact
        self.places = places
        self.options = options
        self.context = context
        self.strict = context.strict or options.as_it_is
        self.fixes_area = context.wants("no-area")
        self.fixes_size = context.wants("no-stated-size")
        self.notes = Notes(page.source.name)
        self.counts: dict[str, Count] = {}

    def read(self) -> Iterator[Image | Finding | Evidence]:
        """The images in order, each after its findings."""
        entries = decode_all(self.page.image_entries, ImageEntry)
        annotations = iter(decode_all(self.page.annotation_entries, Annotation))
        for index, raw, members in zip(self.page.images, entries, self.page.members, strict=True):
            marked = [(member, next(annotations)) for member in members]
            image = self.image(f"$.images[{index}]", raw, marked)
            yield from self.notes.take()
            if image is not None:
                yield image
        if self.counts:
            counts = msgspec.to_builtins([*self.counts.values()])
            yield Evidence(COUNTS, [self.source.name, self.source.split, counts])

    def count(self, code: str, pointer: str) -> Count:
        """Count a common problem."""
        found = self.counts.get(code)
        if found is None:
            found = self.counts[code] = Count(code, 0, pointer, [])
        found.number += 1
        return found

    def image(
        self,
        pointer: str,
        raw: ImageEntry | msgspec.Raw,
        marked: Sequence[tuple[int, Annotation | msgspec.Raw]],
    ) -> Image | None:
        """One image, None if it is invalid."""
        found = decode(raw, ImageEntry, pointer, self.notes)
        name = self.file_name(found, pointer, len(marked))
        if name is None:
            return None
        size = self.size(found, name, pointer, len(marked))
        if size is None:
            return None
        instances = [
            self.usual(index, entry) or self.instance(index, entry, size) for index, entry in marked
        ]
        if found.entry.attributes == {}:
            found.extra["attributes"] = {}
        self.name_categories(found.extra, pointer)
        return Image(
            file_name=name,
            width=size[0],
            height=size[1],
            instances=tuple(one for one in instances if one is not None),
            place=Place(self.source.name, pointer),
            split=self.source.split,
            attributes=in_64_bits(found.entry.attributes or {}),
            extra=extra_of(found.extra),
        )

    def name_categories(self, extra: dict[str, Any], pointer: str) -> None:
        """Replace ids of categories in other keys, as in LVIS, by names: they get new ids."""
        for key, numbers in extra.items():
            if key.endswith(CATEGORY_IDS) and isinstance(numbers, list):
                names = [self.labels.get(number) for number in numbers]
                extra[key] = [name for name in names if name is not None]
                if None in names:
                    message = f"no category has the id {shortly(numbers[names.index(None)])}"
                    where = f"{pointer}.{key}[{names.index(None)}]"
                    self.notes.add("dangling-category-id", where, message, "remove the id")

    def size(
        self, found: Decoded[ImageEntry], name: str, pointer: str, marked: int
    ) -> tuple[int, int] | None:
        """(width, height) of an image, pixels; None if unknown."""
        stated = stated_size(found.entry.width, found.entry.height)
        verify = self.options.verify_images and self.places.looked_for
        if stated and not verify:
            return stated
        place = Place(self.source.name, f"{pointer}.width")
        findings, size = finished(
            find_size(self.places.root, name, stated, verify=verify, place=place)
        )
        self.notes.extend(findings)
        if size is None:
            message = f"neither the JSON nor an image file gives the size of {name}"
            remedy = "restore the image, or add width and height"
            self.notes.lose("no-image-size", pointer, message, marked, remedy)
        elif stated is None:
            count = self.count("no-stated-size", pointer)
            # A string may be read as a number; the annotated frame of a rotated image is unknown.
            odd = (found.odd.get("width"), found.odd.get("height"))
            numbers = not any(isinstance(value, (str, bool)) for value in odd)
            if self.fixes_size and numbers and self.places.is_upright(name):
                count.edits.append((pointer, {"width": size[0], "height": size[1]}))
        return size

    def file_name(self, found: Decoded[ImageEntry], image: str, marked: int) -> str | None:
        """The image's name below the image root, None if there is no valid one."""
        pointer = f"{image}.file_name"
        written = written_name(found.entry.file_name, found.extra.get("coco_url"))
        if written is None:
            message = "expected a file name, got none"
            self.notes.lose("no-file-name", pointer, message, marked, "add the path of the image")
            return None
        if not self.places.looked_for and written == found.entry.file_name and "://" in written:
            return written
        if self.strict and "\\" in written:
            self.count("backslashes", pointer)
        other = self.page.others.get(written)
        name = resolve("", path_of_url(written))
        if name is None:
            return self.outside(written, other, pointer, marked)
        return other or self.existing(self.source.prefix + name, pointer, marked)

    def existing(self, name: str, pointer: str, marked: int) -> str | None:
        """The name, None if there is no such image and its annotations are to be skipped."""
        if not self.places.looked_for or self.places.exists(name):
            return name
        if self.options.missing_images == "keep":
            self.count("image-missing", pointer).tell(name)
            return name
        message = f"{name} is missing: skipped as requested"
        remedy = "restore the image, or name its folder with --image-dir"
        self.notes.lose("image-missing", pointer, message, marked, remedy)
        return None

    def outside(self, written: str, name: str | None, pointer: str, marked: int) -> str | None:
        """The image that a path outside the image root must mean, if there is one."""
        message = f"{written!r} leaves the image folder"
        if name is None:
            remedy = "make it relative to the image folder, or name that folder with --image-dir"
            self.notes.lose("path-leaves-root", pointer, message, marked, remedy)
        else:
            message = f"{message}; {name} is used"
            self.notes.add("path-leaves-root", pointer, message, severity="warning")
        return name

    def usual(self, index: int, entry: Annotation | msgspec.Raw) -> Instance | None:
        """One annotation that says nothing unusual: most do. None if it has to be looked at."""
        if type(entry) is not UsualAnnotation or entry.bbox is None or entry.area is None:
            return None
        label = self.exact.get(entry.category_id) if type(entry.category_id) is int else None
        has_points = entry.keypoints is not None or entry.num_keypoints is not None
        if label is None or entry.iscrowd or entry.attributes is not None or has_points:
            return None
        rings = entry.segmentation or ()
        if type(rings) is not tuple:
            return None
        for ring in rings:
            if len(ring) % 2:
                return None
        x, y, w, h = entry.bbox
        x1, y1 = x + w, y + h
        if not (x1 < math.inf and y1 < math.inf):
            return None
        return Instance(
            label=label,
            box=(x, y, x1, y1),
            area=entry.area,
            shape=Polygons(rings) if rings else None,
            place=Place(self.source.name, f"$.annotations[{index}]"),
            extra={"coco": {"bbox": [x, y, w, h]}} if x1 - x != w or y1 - y != h else {},
        )

    def instance(
        self, index: int, raw: Annotation | msgspec.Raw, size: tuple[int, int]
    ) -> Instance | None:
        """One annotation, None if it is invalid."""
        pointer = f"$.annotations[{index}]"
        found = decode(raw, Annotation, pointer, self.notes)
        entry, extra = found.entry, found.extra
        number = entry.category_id
        label = self.labels.exact.get(number) if is_id(number) else None
        if label is None and (label := self.label(number, pointer)) is None:
            return None
        where, odd = f"{pointer}.segmentation", found.odd.get("segmentation")
        shape, whole = shape_of(entry.segmentation, odd, size, where, self.notes)
        if not whole:
            extra[UNREAD] = []
        box = box_of(found, pointer, self.notes) or self.outline_box(shape, pointer)
        if box is None:
            return None
        if entry.bbox is not None and _is_rounded(entry.bbox, box):
            extra["bbox"] = list(entry.bbox)
        if entry.attributes and shape is None and (angle := _angle(entry.attributes)):
            box, shape = self.turned(box, angle, pointer)
        area = entry.area
        if area is None:
            area = self.area(shape, box, size, found, pointer)
        if entry.iscrowd not in (0, 1, None):
            message = f"expected 0 or 1, got {entry.iscrowd!r}: read as 1"
            remedy = "write 0 for a single object, 1 for a crowd"
            self.notes.add("odd-iscrowd", f"{pointer}.iscrowd", message, remedy)
        keypoints: Keypoints = ()
        if entry.keypoints is not None or entry.num_keypoints is not None:
            keypoints = self.keypoints(found, pointer)
        attributes: dict[str, Any] = {}
        if entry.attributes is not None:
            attributes = in_64_bits(entry.attributes)
            if not attributes:
                extra["attributes"] = {}
        difficult = attributes.get("difficult")
        if difficult is True:
            attributes = {key: value for key, value in attributes.items() if key != "difficult"}
        return Instance(
            label=label,
            box=box,
            area=area,
            shape=shape,
            iscrowd=bool(entry.iscrowd),
            difficult=difficult in (True, 1),
            keypoints=keypoints,
            place=Place(self.source.name, pointer),
            attributes=attributes,
            extra=extra_of(extra),
        )

    def keypoints(self, found: Decoded[Annotation], pointer: str) -> Keypoints:
        """The keypoints of an annotation; what is none stays among its other keys."""
        points, number = found.entry.keypoints, found.entry.num_keypoints
        if not points or len(points) % 3:
            if points is not None:
                found.extra[POINTS] = list(points)
            if points:
                message = f"expected x, y and visibility of each point, got {len(points)} numbers"
                remedy = "mark the points again, or remove the key"
                self.notes.add("bad-keypoints", f"{pointer}.{POINTS}", message, remedy)
            if number is not None:
                found.extra[NUMBER] = number
            return ()
        if self.strict and number is not None and number != labelled(points):
            self.count("keypoints-miscounted", f"{pointer}.{NUMBER}")
        return points

    def turned(self, box: Box, angle: float, pointer: str) -> tuple[Box, Polygons | None]:
        """(box, outline) of a box that is turned by an angle, in degrees, as CVAT writes it."""
        count = self.count("rotated-box", pointer)
        count.tell(f"{angle:g}")
        if self.options.rotated == "upright":
            return box, None
        ring = geometry.turned(box, angle)
        return geometry.ring_box(ring), Polygons((ring,))

    def label(self, number: Any, annotation: str) -> str | None:
        """The name of a category that has this id in another form, None if there is none."""
        label = self.labels.get(number)
        pointer = f"{annotation}.category_id"
        if label is None:
            name, message = "dangling-category-id", "no category has the id"
            if number in self.labels:
                name, message = "ambiguous-category-id", "several categories have the id"
            self.notes.lose(name, pointer, f"{message} {shortly(number)}")
        elif self.strict:
            self.count("ids-of-two-kinds", pointer)
        return label

    def outline_box(self, shape: Polygons | Mask | None, pointer: str) -> Box | None:
        """The bounding box of the polygons or mask, if no box is stated."""
        if shape is None:
            self.notes.lose("no-geometry", pointer, "has neither a valid bbox nor a segmentation")
            return None
        self.count("no-bbox", pointer)
        if isinstance(shape, Mask):
            return geometry.mask_box(shape)
        return geometry.ring_box(*shape.rings)

    def area(
        self,
        shape: Polygons | Mask | None,
        box: Box,
        size: tuple[int, int],
        found: Decoded[Annotation],
        pointer: str,
    ) -> float:
        """The measured area, px², if none is stated."""
        area = geometry.shape_area(shape, box, *size)
        count = self.count("no-area", pointer)
        if self.fixes_area and "area" not in found.odd and math.isfinite(area):
            count.edits.append((pointer, {"area": area}))
        return area


def _angle(attributes: dict[str, Any]) -> float:
    """The angle by which a box is turned, degrees clockwise; 0 if there is none."""
    angle = attributes.get("rotation")
    if isinstance(angle, bool) or not isinstance(angle, (int, float)) or not math.isfinite(angle):
        return 0
    return angle % 360


def _is_rounded(bbox: Box, box: Box) -> bool:
    """Whether (x + w) - x is not w; then the bbox cannot be restored from the box."""
    x, y, w, h = bbox
    return box[:2] == (x, y) and (box[2] - x != w or box[3] - y != h)
