"""What `describe` says of a model."""

from __future__ import annotations

from typing import Literal

import msgspec

Trained = Literal["trained", "frozen", "partly", ""]
"""Whether the parameters of a part get a gradient: all, none, some; empty if it has none."""


class Part(msgspec.Struct, kw_only=True):
    """A stage of the backbone, the neck, or a head.

    Attributes:
        name: of a stage without the name of the backbone, else the dotted name.
        modules: dotted names of the modules that it consists of, in their order.
        outputs: (channels, height, width) of each of its output maps, cells; other outputs in
            full.
        stride: pixels of the image between two cells of its first map; None if it has none.
        parameters: number of them; shared ones count where they come first.
        trainable: how many of them get a gradient.
        trained: the same in a word.
        statistics: whether its BatchNorm layers go on estimating mean and variance in training;
            `fixed` too for FrozenBatchNorm, empty for a part without such layers.
        multiply_adds: of its convolutions and matrix products on one image; None if it did not
            run.
        boxes: how many boxes it ran on, if it runs on boxes and not on the image.
    """

    name: str
    modules: list[str] = []
    outputs: list[list[int]] = []
    stride: float | None = None
    parameters: int = 0
    trainable: int = 0
    trained: Trained = ""
    statistics: Literal["fixed", "updated", "partly", ""] = ""
    multiply_adds: int | None = None
    boxes: int | None = None


class Level(msgspec.Struct, kw_only=True):
    """A map that the heads are given.

    Attributes:
        name: P and the logarithm of the stride for the first, counted on: P2, P3, ...; C without a
            neck.
        shape: (channels, height, width), cells.
        stride: pixels of the image between two cells.
    """

    name: str
    shape: list[int]
    stride: float | None


class LevelOfAnchors(msgspec.Struct, kw_only=True):
    """The anchors of one level, and the objects that they fit best.

    Attributes:
        level: name of the level.
        stride: pixels between two cells.
        sizes: root of the area of an anchor, pixels.
        ratios: height by width.
        number: of anchors, on the image size of the report.
        boxes: objects of the training set whose best anchor is on this level.
        mean_iou: of these objects with their best anchors; None without objects.
        recall: share of these objects whose best anchor has an IoU of at least 0.5.
    """

    level: str
    stride: float
    sizes: list[float]
    ratios: list[float]
    number: int
    boxes: int | None = None
    mean_iou: float | None = None
    recall: float | None = None


class Coverage(msgspec.Struct, kw_only=True):
    """How well the anchors cover the objects of the training set, as resized for testing.

    Attributes:
        images: of the training set.
        boxes: objects in them.
        mean_iou: of the objects with their best anchors.
        recall: share of the objects whose best anchor has an IoU of at least 0.5.
        side: root of the area of the objects at the 5th, 50th and 95th percentile, pixels as
            resized.
    """

    images: int
    boxes: int
    mean_iou: float
    recall: float
    side: list[float]


class Description(msgspec.Struct, kw_only=True):
    """The report of `describe`.

    Attributes:
        config, framework: what is described, and whose it is.
        image_size: (width, height) that the shapes and multiply-adds are for, pixels.
        scale: (width, height) to which the config resizes; None if it does not.
        stages: of the backbone.
        neck: None if there is none.
        levels: what the heads are given.
        heads: everything else that has parameters.
        anchors: by level; empty for a detector without anchors.
        coverage: None without anchors or objects.
        parameters, trainable: of the whole model.
        multiply_adds: of all parts that ran.
        notes: what could not be found out, and why.
    """

    config: str
    framework: str
    image_size: list[int]
    scale: list[int] | None
    stages: list[Part] = []
    neck: Part | None = None
    levels: list[Level] = []
    heads: list[Part] = []
    anchors: list[LevelOfAnchors] = []
    coverage: Coverage | None = None
    parameters: int = 0
    trainable: int = 0
    multiply_adds: int = 0
    notes: list[str] = []
