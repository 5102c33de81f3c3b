"""What a framework offers to a smoke run; one adapter a framework, one row each in `_table.py`.

An adapter knows how its framework reads a config, builds datasets and models, and evaluates. What
is compared with what, what is trained for how long and when that counts is the same for all: it is
in `_preflight.py` and `_proof.py`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from dataforge.io import decode_json
from dataforge.records import Box


class Adapter(Protocol):
    """A module of this folder that stands for a framework.

    Attributes:
        PACKAGES: whose versions the report names.
    """

    PACKAGES: tuple[str, ...]

    def require(self) -> None:
        """Raise MissingDependencyError where the framework is not installed, in a version that
        this adapter is for."""

    def prepare(self, device: str) -> None:
        """Import the framework without its chatter and mend what would stop it; `device` is
        `cuda` or `cpu`."""

    def load(self, config: Path) -> TrainingConfig:
        """The config as the framework's own train script makes it.

        Raises:
            InputError: it does not load, with the framework's reason.
        """


# Data -------------------------------------------------------------------------------------------


class ImageInfo(NamedTuple):
    """One image as a dataset lists it.

    Attributes:
        name: as the dataset calls it; the same in every dataset built of the same part.
        path: of the file.
        width, height: as its annotations state them, pixels; None where they do not.
        id: of the image in its COCO file.
        xml: its annotation file, where each image has one.
    """

    name: str
    path: Path
    width: int | None
    height: int | None
    id: Any = None
    xml: Path | None = None


class Truth(NamedTuple):
    """Ground truth of one image as it is trained on.

    Attributes:
        labels: places in the dataset's classes; no background among them.
        boxes: (x0, y0, x1, y1), float pixels of the whole image, edges.
    """

    labels: list[int]
    boxes: list[Box]


class CocoSource:
    """A COCO file as it is on disk: a dataset class may rewrite what it holds in memory.

    Attributes:
        names: category id -> name.
        annotations: image id -> annotations.
    """

    def __init__(self, ann_file: str) -> None:
        content = decode_json(Path(ann_file).read_bytes(), dict[str, Any], ann_file)
        self.names: dict[Any, str] = {c["id"]: c["name"] for c in content["categories"]}
        self.annotations: dict[Any, list[dict[str, Any]]] = {}
        for annotation in content.get("annotations", []):
            self.annotations.setdefault(annotation["image_id"], []).append(annotation)


class BuiltDataset(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that the framework has built, in words that are the same for all.

    Attributes:
        classes: names in the order of their labels.
        images: in the order of the dataset, after the filters under which it was built.
        truth: index in `images` -> ground truth; may raise, as the framework would in training.
        source: the COCO file behind it, if it is one.
        cat_ids: label -> category id in `source` that the framework takes for it. As many as
            classes where it reads by name, with any other id for a class that the file lacks;
            fewer where a missing name shifts the labels behind it.
        class_of: a name in the annotations -> the class it means; None or a name that is none of
            `classes` where it means none.
        offsets: that the dataset adds to xmin, ymin, xmax, ymax of an XML file.
    """

    classes: tuple[str, ...]
    images: Sequence[ImageInfo]
    truth: Callable[[int], Truth]
    source: CocoSource | None = None
    cat_ids: Sequence[Any] = ()
    class_of: Callable[[str], str | None] = str
    offsets: Box = (0.0, 0.0, 0.0, 0.0)


class Part(ABC):
    """One dataset of a split, not built yet: what is left when RepeatDataset and its like are
    taken off.

    Attributes:
        where: it stands in the config, for findings, such as ``data.train (train.json)``.
        min_size: training leaves out images whose shorter side is under so many pixels.
    """

    where: str
    min_size: int = 0

    def classes_as_text(self) -> str | None:
        """The classes, where they are text and a tuple was meant (a comma is missing)."""
        return None

    @abstractmethod
    def build(self, *, training: bool) -> BuiltDataset:
        """Build it by the framework's own builder, quietly.

        Args:
            training: with the filters of training; else every image that is listed.

        Raises:
            Exception: whatever the framework raises; it becomes a finding.
        """


# Config -----------------------------------------------------------------------------------------


class TrainingConfig(ABC):
    """A training config that its framework has read.

    Attributes:
        title: what messages call the framework.
        truth_method: method of a dataset class that gives its ground truth.
        background: classes that the heads count beside those of the dataset.
        rules: reason (a key of `SplitCount.dropped`) -> the framework's own rule behind it.
    """

    title: str
    truth_method: str
    background: int = 0
    rules: Mapping[str, str]

    @abstractmethod
    def where(self, split: str) -> str:
        """The place of a split (train, val, test), such as ``data.train``."""

    @abstractmethod
    def parts(self, split: str) -> Sequence[Part]:
        """The datasets of a split; empty where the config has no such split."""

    @abstractmethod
    def same(self, split: str, other: str) -> bool:
        """Whether two splits are the same."""

    def build_wrappers(self, split: str) -> None:
        """Build a split with all that is wrapped around its parts; quietly.

        Called where every part builds. Raises whatever the framework raises.
        """
        return

    @abstractmethod
    def heads(self) -> Sequence[tuple[str, int]]:
        """(place, number of classes) of every head of the built model; needs no download.

        Raises whatever the framework raises when it builds a model.
        """

    @abstractmethod
    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        """Set up the proof on some images of the first part of the training set.

        Args:
            images: their names, in the order to keep.
            size: longer side that they are shrunk to, pixels.

        Raises:
            InputError: they cannot be trained on one by one.
        """


# Proof ------------------------------------------------------------------------------------------


class TrialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a proof trains.

    Attributes:
        batch: images a step, at most as many as there are.
        seed: of the order of the images.
        device: `cuda` or `cpu`.
        random: start from random weights: GroupNorm for BatchNorm, nothing frozen.
    """

    batch: int
    seed: int
    device: str
    random: bool


class Trial(ABC):
    """The same few images twice, as they are trained on and as they are evaluated, and the model.

    Models are torch modules; one inside a DataParallel of sorts is told by its ``module``.

    Attributes:
        left_out: augmentations of the config that were left out.
    """

    left_out: Sequence[str] = ()

    @abstractmethod
    def new_model(self) -> Any:
        """The config's model with fresh weights, small enough for a proof, on the device."""

    @abstractmethod
    def batches(self) -> Iterator[Any]:
        """Training batches without end, in an order that the seed fixes."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        """One forward pass of a model in training mode.

        Returns:
            (the loss to go backward from, a tensor; what the framework's own log says of this
            iteration: ``loss`` and its parts).
        """

    @abstractmethod
    def detect(self, model: Any) -> Any:
        """The detections of a model in evaluation mode, in whatever form the other methods take."""

    @abstractmethod
    def ap50(self, found: Any) -> float:
        """AP at IoU 0.5, 0 to 1, by the evaluation that the config asks for."""

    @abstractmethod
    def ap50_per_class(self, found: Any) -> dict[str, float]:
        """AP50 of each class that has a box in the images."""

    @abstractmethod
    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        """Write a checkpoint as the framework does."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep pycocotools', mmcv's and torch's chatter off the output."""
    logging.disable(logging.INFO)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
