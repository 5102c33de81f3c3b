"""COCO annotations and results as what is compared."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dataforge.errors import InputError, ParseError, plural
from dataforge.formats.coco import (
    ById,
    GroundTruth,
    ListedImage,
    decoded,
    found_images,
    images_below,
)
from dataforge.geometry import (
    MAX_MASK_PIXELS,
    box_area,
    mask_area,
    mask_box,
)
from dataforge.io import (
    MAX_COCO_BYTES,
    MAX_COORDINATE,
    MAX_OBJECTS,
    Root,
    read_file,
)
from dataforge.records import Box
from dataforge.verbs.evaluate.box_forms import said_of_boxes
from dataforge.verbs.evaluate.entry_shapes import Shape, box_of, outline, read_mask, rle, side
from dataforge.verbs.evaluate.material import Detected, Marked, Material, Pictured

T = TypeVar("T")


class _Annotation(msgspec.Struct):
    image_id: ById
    category_id: ById
    bbox: list[float | None] | None = None
    area: float | None = None
    iscrowd: int | bool | None = 0
    segmentation: Any = None


class Truth(GroundTruth):
    """A COCO file."""

    annotations: list[_Annotation] = msgspec.field(default_factory=list)


_DIGITS = 20
"""Of an id that is a number, at most."""


class Result(msgspec.Struct):
    """An entry of a file of results."""

    image_id: ById
    category_id: ById
    score: float | None
    bbox: list[float | None] | None = None
    segmentation: Any = None
    keypoints: Any = None


_KEYPOINTS = "with keypoints alone: keypoint results are not read without a bbox or a segmentation"


def read_coco(
    annotations: Path, results: Path, *, images: Path | None = None, masks: bool = False
) -> Material:
    """Annotations and results of COCO.

    Args:
        annotations: an instances file.
        results: a list of detections, cocodataset.org/#format-results.
        images: folder of the images; None to look for it beside the annotations.
        masks: compare masks.

    Raises:
        InputError: a file cannot be read, or none of its annotations or results can be compared.
    """
    if images is not None and not images.is_dir():
        raise InputError(f"--images {images}: no such folder")
    notes: list[str] = []
    truth = _read(annotations, Truth, notes)
    reader = Reader(truth, masks=masks)
    marked = reader.marked(truth.annotations, str(annotations))
    found = reader.found(_read(results, list[Result], notes), str(results))
    return Material(
        classes=reader.classes,
        images=_pictured(truth.images, reader.images, annotations, images),
        marked=marked,
        found=found,
        masks=masks,
        notes=[*notes, *reader.notes],
        image_ids=[*reader.images],
        category_ids=[*reader.labels],
    )


def _read(path: Path, type_: type[T], notes: list[str]) -> T:
    return decoded(read_file(path, MAX_COCO_BYTES), type_, str(path), notes)


class Reader:
    """Turns entries into what is compared; those that cannot be compared are counted.

    Args:
        truth: what the entries are of.
        masks: all have to have masks.
        outlines: masks of those that have any.
    """

    def __init__(self, truth: Truth, *, masks: bool = False, outlines: bool = False) -> None:
        self.images: dict[ById, int] = {}
        self.names: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        for image in truth.images:
            if image.id not in self.images:
                self.images[image.id] = len(self.images)
                self.names.append(image.file_name or str(image.id))
                self.sizes.append((side(image.width), side(image.height)))
        self.labels: dict[ById, int] = {}
        self.classes: list[str] = []
        for category in truth.categories:
            if category.id not in self.labels:
                self.labels[category.id] = len(self.labels)
                self.classes.append(category.name)
        self.masks = masks
        self.outlines = outlines
        self.notes: list[str] = []
        self._objects: dict[ById, list[Box]] = {}
        if not self.images or not self.classes:
            raise InputError("the annotations have no images, or no categories")

    def marked(self, annotations: Iterable[_Annotation], name: str) -> list[list[Marked]]:
        """The objects of each image."""
        made: list[list[Marked]] = [[] for _ in self.images]
        left_out = _LeftOut("annotation")
        number = -1
        for number, one in enumerate(annotations):
            image, label = self.images.get(one.image_id), self.labels.get(one.category_id)
            if image is None or label is None:
                what = "image" if image is None else "category"
                left_out.add(f"of no {what} in the file", f"$.annotations[{number}]")
                continue
            try:
                shape = self._shape(one.bbox, one.segmentation, image)
            except _UnusableError as error:
                left_out.add(str(error), f"$.annotations[{number}]")
                continue
            area = one.area
            if area is None or not 0 <= area <= MAX_COORDINATE**2:
                area = shape.area
            made[image].append(Marked(label, shape.box, area, bool(one.iscrowd), rle(shape.mask)))
        if number >= 0 and not any(made):
            (first, *_) = left_out.notes()
            raise InputError(f"{name}: no annotation can be compared: {first}")
        self.notes += left_out.notes()
        self._bounded(made, name)
        self._objects = {id_: [one.box for one in made[at]] for id_, at in self.images.items()}
        return made

    def found(self, results: Sequence[Result], name: str) -> list[list[Detected]]:
        """The detections in each image."""
        made: list[list[Detected]] = [[] for _ in self.images]
        left_out = _LeftOut("result")
        odd: list[str] = []
        number = -1
        for number, one in enumerate(results):
            image, label = self.images.get(one.image_id), self.labels.get(one.category_id)
            if image is None or label is None:
                kind, id_ = ("image_id", one.image_id) if image is None else (
                    "category_id", one.category_id)  # fmt: skip
                reason, details = unknown_id(
                    kind, id_, self.images if image is None else self.labels
                )
                left_out.add(reason, f"$[{number}] ({details})")
                continue
            try:
                if one.score is None:
                    raise _UnusableError("without a valid score")
                shape = self._shape(one.bbox, one.segmentation, image)
            except _UnusableError as error:
                bare = one.keypoints and not one.bbox and not one.segmentation
                left_out.add(_KEYPOINTS if bare else str(error), f"$[{number}]")
                continue
            if not 0 <= one.score <= 1:
                odd.append(f"$[{number}] ({one.score})")
            made[image].append(Detected(label, one.score, shape.box, rle(shape.mask), shape.area))
        if number >= 0 and not any(made):
            (first, *_) = left_out.notes()
            done = "shown" if self.outlines else "compared"
            raise InputError(f"{name}: no result can be {done}: {first}")
        self.notes += left_out.notes()
        if odd:
            what = f"{plural(len(odd), 'result')} with a score that is not from 0 to 1"
            self.notes.append(f"{what}; the first is {odd[0]}")
        boxes = ((one.image_id, one.bbox) for one in results)
        if said := said_of_boxes(boxes, self.sizes_by_id(), self._objects):
            self.notes.append(said)
        self._bounded(made, name)
        return made

    def sizes_by_id(self) -> dict[ById, tuple[int, int]]:
        """Id -> (width, height) of an image, pixels."""
        return {id_: self.sizes[at] for id_, at in self.images.items()}

    def _bounded(self, per_image: Sequence[list[Any]], name: str) -> None:
        image, most = max(enumerate(map(len, per_image)), key=lambda one: one[1])
        if most > MAX_OBJECTS:
            has = f"image {self.names[image]} has {most:,} entries, more than {MAX_OBJECTS:,}"
            raise InputError(f"{name}: {has}")

    def _shape(self, bbox: list[float | None] | None, segmentation: Any, image: int) -> Shape:
        """Box, area, and the mask if masks are compared.

        Raises:
            _UnusableError: says why there is none.
        """
        if not bbox and not segmentation and not self.masks:
            raise _UnusableError("with neither a bbox nor a segmentation")
        box = box_of(bbox) if bbox else None
        if bbox and box is None:
            raise _UnusableError("without a valid bbox")
        if box and not self.masks and not (self.outlines and segmentation):
            return Shape(box, box_area(box), None)
        wanted = self.masks or (self.outlines and box)
        read = self._mask if wanted or not isinstance(segmentation, list) else outline
        try:
            shape = read(segmentation, image)
        except (TypeError, ValueError, KeyError) as error:
            if not segmentation:
                raise _UnusableError("without a segmentation") from error
            what = str(error) if type(error) is ValueError else "not a mask of COCO"
            raise _UnusableError(f"with a segmentation that cannot be used: {what}") from error
        return shape._replace(box=box or shape.box)

    def _mask(self, given: Any, image: int) -> Shape:
        """The mask. Where only its box counts, the size of its image need not be known."""
        width, height = self.sizes[image]
        if not width * height and not self.masks:
            height, width = map(side, given["size"])
        if not 0 < width * height <= MAX_MASK_PIXELS:
            raise _UnusableError("with a mask in an image without a valid size")
        mask = read_mask(given, width, height)
        return Shape(mask_box(mask), mask_area(mask), mask if self.masks or self.outlines else None)


def unknown_id(name: str, id_: ById, known: Container[ById]) -> tuple[str, str]:
    """Why an id of a result is none of the annotations, and what it is: maybe of another type."""
    there = of_other_type(id_, known)
    if there is None:
        return f"whose {name} the annotations do not have", f"{name} {id_!r}"
    own, other = ("text", "number") if isinstance(id_, str) else ("number", "text")
    have = f"{name} is the {own} {id_!r}, the annotations have the {other} {there!r}"
    return f"whose {name} is a {own}, not a {other} as in the annotations", have


def of_other_type(id_: ById, known: Container[ById]) -> ById | None:
    """The known id that is text where this one is a number, or the other way round; else None."""
    there: ById | None = None
    if not isinstance(id_, str):
        there = str(id_)
    elif id_.strip().isdecimal() and len(id_) < _DIGITS:
        there = int(id_)
    return there if there is not None and there in known else None


class _UnusableError(Exception):
    """Why an entry is left out."""


class _LeftOut:
    """What is left out, by reason."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._reasons: dict[str, tuple[str, int]] = {}

    def add(self, reason: str, place: str) -> None:
        first, number = self._reasons.get(reason, (place, 0))
        self._reasons[reason] = first, number + 1

    def notes(self) -> list[str]:
        return [
            f"left out: {plural(number, self._noun)} {reason}; the first is {first}"
            for reason, (first, number) in self._reasons.items()
        ]


def _pictured(
    images: Iterable[ListedImage], numbers: dict[ById, int], annotations: Path, folder: Path | None
) -> list[Pictured]:
    """The images, with the paths of their files as far as they are found."""
    firsts = {numbers[image.id]: image for image in reversed([*images])}
    listed = [firsts[number] for number in range(len(numbers))]
    root = Root(str(_home(annotations) if folder is None else folder))
    prefix, others = "", {}
    if folder is not None:
        others = images_below(root, [image.file_name for image in listed]).others
    else:
        try:
            name = Path(os.path.abspath(annotations)).relative_to(root.location).as_posix()
            places = found_images(root, name)
            prefix, others = places.prefix, places.others
        except (ParseError, ValueError):
            pass  # then there are no pictures
    made = []
    for image in listed:
        inner = others.get(image.file_name, prefix + image.file_name)
        opened = partial(root.open, inner) if image.file_name else None
        size = side(image.width), side(image.height)
        made.append(Pictured(image.file_name or str(image.id), opened, *size))
    return made


def _home(annotations: Path) -> Path:
    """The folder of the dataset: its annotations may be in a folder of their own."""
    folder = Path(os.path.abspath(annotations)).parent
    return (
        folder.parent if folder.name.lower() in ("annotations", "annotation", "labels") else folder
    )
