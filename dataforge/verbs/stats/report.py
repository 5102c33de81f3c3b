"""What is known of a dataset in numbers; as JSON, the output of ``stats --json``."""

from __future__ import annotations

from typing import Any

import msgspec

from dataforge.errors import plural
from dataforge.findings import Finding, any_error
from dataforge.reports import Shown, Table


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """How some numbers are spread; all of them are 0 if there are none.

    Attributes:
        least, quarter, median, three_quarters, most: of the sorted numbers; between two of them,
            interpolated.
        mean: their mean.
    """

    least: float = 0.0
    quarter: float = 0.0
    median: float = 0.0
    three_quarters: float = 0.0
    most: float = 0.0
    mean: float = 0.0


class Histogram(msgspec.Struct, kw_only=True):
    """Numbers of things by value.

    Attributes:
        edges: one more than counts; a value that equals an edge belongs to the part above it.
        counts: the first and the last part also have what is beyond the edges.
    """

    edges: list[float]
    counts: list[int]


class SplitStats(msgspec.Struct, kw_only=True):
    """One split.

    Attributes:
        images, objects: numbers.
        images_without_objects: number.
    """

    images: int = 0
    objects: int = 0
    images_without_objects: int = 0


class ClassInSplit(msgspec.Struct, kw_only=True):
    """A class in a split.

    Attributes:
        objects: number.
        images: number of images that have any.
    """

    objects: int = 0
    images: int = 0


class ClassStats(msgspec.Struct, kw_only=True):
    """One class.

    Attributes:
        objects: number, of all splits.
        images: number of images that have any; one in two splits counts twice.
        small, medium, large: numbers of objects by area: below 32², below 96², and from there on,
            px².
        crowd, difficult: numbers of objects with COCO's and Pascal VOC's flag.
        splits: split -> numbers there.
    """

    objects: int = 0
    images: int = 0
    small: int = 0
    medium: int = 0
    large: int = 0
    crowd: int = 0
    difficult: int = 0
    splits: dict[str, ClassInSplit] = {}


class Areas(msgspec.Struct, frozen=True, kw_only=True):
    """What the areas, by which objects are small, medium or large, are measured on.

    Attributes:
        box, outline, mask: numbers of objects.
    """

    box: int = 0
    outline: int = 0
    mask: int = 0


class ImageSize(msgspec.Struct, kw_only=True):
    """Images of one size.

    Attributes:
        width, height: pixels.
        images: number.
    """

    width: int
    height: int
    images: int


class Together(msgspec.Struct, kw_only=True):
    """Two classes in the same images.

    Attributes:
        classes: the two.
        images: number that have both.
    """

    classes: tuple[str, str]
    images: int


class InputSize(msgspec.Struct, kw_only=True):
    """Objects as a detector sees them when its input is scaled to fit a size; without crowds.

    Attributes:
        size: (long side, short side) that images are scaled to fit, pixels.
        scale: by which images are scaled.
        objects: number of those that have a box with a width and a height.
        below_8, below_16, below_32: numbers of objects the square root of whose box's area is less
            than so many pixels, after scaling.
        side: that square root, pixels after scaling.
    """

    size: tuple[int, int]
    scale: Quantiles = Quantiles()
    objects: int = 0
    below_8: int = 0
    below_16: int = 0
    below_32: int = 0
    side: Quantiles = Quantiles()


class AnchorFit(msgspec.Struct, kw_only=True):
    """How well anchors fit the boxes at the input size, if they lie at the same centres.

    Attributes:
        scale: of mmdetection's `AnchorGenerator`: the first level's anchors are 4 times as large.
        ratios: heights divided by widths.
        sizes: square roots of the anchors' areas, one for each level, pixels: torchvision's sizes.
        mean_best_iou: mean, over the boxes, of the IoU with the anchor that fits best.
        recall_50: share of the boxes that an anchor fits with an IoU of at least 0.5.
    """

    scale: float
    ratios: list[float]
    sizes: list[float]
    mean_best_iou: float
    recall_50: float


class Anchors(msgspec.Struct, kw_only=True):
    """Anchors for the dataset.

    Attributes:
        boxes: number that was measured: all, or a part of them that is evenly spread.
        default: the anchors of mmdetection's and torchvision's Faster R-CNN.
        suggested: the best that were found; None if the default ones are as good.
    """

    boxes: int
    default: AnchorFit
    suggested: AnchorFit | None = None


class Advice(msgspec.Struct, kw_only=True):
    """What to do, and why.

    Attributes:
        topic: ``input-size``, ``anchors`` or ``rare-classes``.
        text: a sentence or two.
        evidence: the numbers that it rests on.
    """

    topic: str
    text: str
    evidence: dict[str, Any] = {}


class Stats(Shown, msgspec.Struct, kw_only=True):
    """A dataset in numbers. As JSON, this is the output of ``stats --json``; keys are only added.

    Attributes:
        version: of this schema.
        path: as given.
        root: the folder that the findings' files are relative to.
        format: that was read.
        images: number; an image in two splits counts twice.
        images_without_objects: number.
        objects: number.
        crowd, difficult: numbers of objects with COCO's and Pascal VOC's flag.
        splits: split -> numbers; ``all`` if the dataset has no splits.
        classes: class -> numbers, in the order of the classes' ids.
        objects_per_image: objects in an image.
        images_by_objects: number of objects -> number of images that have so many; sorted.
        small, medium, large: numbers of objects, see `ClassStats`.
        area_of: what the areas are measured on.
        side: square root of an object's area, pixels.
        sides: the same as a histogram.
        aspect_ratio: widths of boxes divided by their heights.
        aspect_ratios: the same as a histogram.
        image_sizes: the most frequent sizes, the most frequent first; at most 100.
        other_image_sizes: number of further sizes.
        image_width, image_height: pixels.
        positions: centres of boxes: rows from top to bottom, in each the numbers from left to
            right; centres outside the image do not count.
        together: pairs of classes in the same images, the most frequent first; at most 1,000, of
            the 200 most frequent classes.
        input_size: objects at the usual size of a detector's input.
        anchors: how well anchors fit them; None if there is nothing to fit.
        advice: what to do.
        measured: number of objects that quantiles and anchors rest on: all up to a million, of
            more a part that is evenly spread.
        findings: of reading.
    """

    version: int = 1
    path: str
    root: str
    format: str
    images: int = 0
    images_without_objects: int = 0
    objects: int = 0
    crowd: int = 0
    difficult: int = 0
    splits: dict[str, SplitStats] = {}
    classes: dict[str, ClassStats] = {}
    objects_per_image: Quantiles = Quantiles()
    images_by_objects: dict[int, int] = {}
    small: int = 0
    medium: int = 0
    large: int = 0
    area_of: Areas = Areas()
    side: Quantiles = Quantiles()
    sides: Histogram
    aspect_ratio: Quantiles = Quantiles()
    aspect_ratios: Histogram
    image_sizes: list[ImageSize] = []
    other_image_sizes: int = 0
    image_width: Quantiles = Quantiles()
    image_height: Quantiles = Quantiles()
    positions: list[list[int]] = []
    together: list[Together] = []
    input_size: InputSize
    anchors: Anchors | None = None
    advice: list[Advice] = []
    measured: int = 0
    findings: list[Finding] = []

    def title(self) -> str:
        what = f"{plural(self.images, 'image')}, {plural(self.objects, 'object')}"
        return f"{self.path} ({self.format}): {what}, {plural(len(self.classes), 'class')}"

    def table(self) -> Table:
        head = ["class", "objects", "images", "small", "medium", "large", "crowd", "difficult"]
        return Table(
            head,
            [
                [name, *(getattr(numbers, field) for field in head[1:])]
                for name, numbers in self.classes.items()
            ],
        )

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)
