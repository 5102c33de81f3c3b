"""The interface between a framework and a smoke run: one adapter per framework.

An adapter knows how its framework reads a config, builds datasets and models, and evaluates. The
comparisons, the training schedule and the pass criteria are the same for all frameworks and are in
`dataforge.verbs.smoke`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from dataforge.errors import DataforgeError
from dataforge.frameworks.detections import Detections
from dataforge.frameworks.live import LiveModel
from dataforge.frameworks.samples import Sample
from dataforge.io import decode_json
from dataforge.records import Box


class Operators(NamedTuple):
    """Whose nms and RoIAlign a detector runs with.

    Attributes:
        of: name of the package; empty if it is not known.
        reason: why it is not the one that the framework expects; empty if it is.
    """

    of: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.of} ({self.reason})" if self.reason else self.of


class Adapter(ABC):
    """Runs a framework in a smoke test.

    Attributes:
        packages: packages whose versions the report lists.
        operators: those in use, once `prepare` has run.
    """

    packages: ClassVar[tuple[str, ...]]
    operators: Operators = Operators("")

    @abstractmethod
    def require(self) -> None:
        """Check that the framework is installed.

        Raises:
            MissingDependencyError: the framework is not installed.
            DataforgeError: the installed version is not supported by this adapter.
        """

    @abstractmethod
    def prepare(self, device: str) -> None:
        """Import the framework without log output and patch known incompatibilities; `device` is
        `cuda` or `cpu`.

        Raises:
            DataforgeError: the framework cannot be imported.
        """

    @abstractmethod
    def load(self, config: Path) -> TrainingConfig:
        """Load the config as the framework's own training script does.

        Raises:
            InputError: the config does not load; the message has the framework's reason.
        """


# Data -------------------------------------------------------------------------------------------


class ImageInfo(NamedTuple):
    """One image as a dataset lists it.

    Attributes:
        name: name in the dataset; the same in every dataset built from the same part.
        path: path of the image file.
        width, height: as stated in the annotations, pixels; None if not stated.
        id: image id in the COCO file.
        xml: annotation file of the image, if each image has one.
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
        labels: indices into the dataset's classes, without background.
        boxes: (x0, y0, x1, y1), float pixels of the full image, edges.
    """

    labels: list[int]
    boxes: list[Box]


class CocoSource:
    """A COCO file as it is on disk; a dataset class may modify its own copy in memory.

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
    """A dataset built by the framework, in a framework-independent form.

    Attributes:
        classes: names in the order of their labels.
        images: in the order of the dataset, after the filters with which it was built.
        truth: index in `images` -> ground truth; may raise, as the framework would in training.
        source: the COCO file of the dataset, if it has one.
        cat_ids: label -> category id in `source` that the framework maps to it. As many as
            classes if it matches by name, with an unused id for a class missing from the file;
            fewer if a missing name shifts the labels after it.
        class_of: name in the annotations -> its class; None or a name not in `classes` if it
            has no class.
        offsets: added by the dataset to xmin, ymin, xmax, ymax of an XML file.
        ignored: index in `images` -> objects that are neither trained on nor to be found, such as
            difficult ones, as far as the framework says which.
    """

    classes: tuple[str, ...]
    images: Sequence[ImageInfo]
    truth: Callable[[int], Truth]
    source: CocoSource | None = None
    cat_ids: Sequence[Any] = ()
    class_of: Callable[[str], str | None] = str
    offsets: Box = (0.0, 0.0, 0.0, 0.0)
    ignored: Callable[[int], Truth] = lambda _: Truth([], [])


class Part(ABC):
    """One dataset of a split, not built yet, without wrappers such as RepeatDataset.

    Attributes:
        where: its location in the config, for findings, such as ``data.train (train.json)``.
        min_size: training skips images whose shorter side is below this, in pixels.
    """

    where: str
    min_size: int = 0

    def classes_as_text(self) -> str | None:
        """The classes, if they are a string where a tuple was intended (missing comma)."""
        return None

    @abstractmethod
    def build(self, *, training: bool) -> BuiltDataset:
        """Build the dataset with the framework's own builder, without log output.

        Args:
            training: apply the training filters; otherwise include every listed image.

        Raises:
            Exception: whatever the framework raises; it becomes a finding.
        """

    def samples(self, count: int) -> Iterator[Sample]:
        """The first images that are trained on, after the pipeline and before normalisation.

        Raises whatever the framework raises.

        Args:
            count: at most so many.
        """
        raise DataforgeError(f"{self.where}: the framework does not say what it trains on")


# Config -----------------------------------------------------------------------------------------


class TrainingConfig(ABC):
    """A training config loaded by its framework.

    Attributes:
        title: name of the framework in messages.
        truth_method: method of a dataset class that returns its ground truth.
        background: number of classes in the heads in addition to those of the dataset.
        rules: reason (a key of `SplitCount.dropped`) -> the framework's rule that causes it.
    """

    title: str
    truth_method: str
    background: int = 0
    rules: Mapping[str, str]

    @abstractmethod
    def where(self, split: str) -> str:
        """The location of a split (train, val, test) in the config, such as ``data.train``."""

    @abstractmethod
    def parts(self, split: str) -> Sequence[Part]:
        """The datasets of a split; empty if the config does not have this split."""

    @abstractmethod
    def same(self, split: str, other: str) -> bool:
        """Whether two splits have the same dataset."""

    def build_wrappers(self, split: str) -> None:
        """Build a split including the wrappers around its parts, without log output.

        Called only if every part can be built. Raises whatever the framework raises.
        """
        return

    @abstractmethod
    def heads(self) -> Sequence[tuple[str, int]]:
        """(path, number of classes) of every head of the built model; nothing is downloaded.

        Raises whatever the framework raises when it builds a model.
        """

    def live(self) -> LiveModel:
        """Build the model as it is trained and tested, for `describe` and `features`.

        Raises whatever the framework raises when it builds a model.
        """
        raise DataforgeError(f"{self.title} has no model that dataforge can run by itself")

    def trained(self, weights: Path, device: str) -> Any:
        """The config's model with the weights of a checkpoint, for `detect`.

        Args:
            weights: its own, or those of a proof.
            device: `cuda` or `cpu`.

        Raises:
            InputError: the file is not a checkpoint, or is one of another model.
        """
        raise DataforgeError(f"{self.title} has no model that dataforge can run by itself")

    def detect(self, part: Part, model: Any) -> Iterator[Detections]:
        """What a model finds in each image of a part, in the order of its `build`."""
        raise DataforgeError(f"{self.title} has no model that dataforge can run by itself")

    def lacking(self) -> Mapping[str, Sequence[str]]:
        """Operator -> where in the model it is needed, for those that are not there."""
        return {}

    @abstractmethod
    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        """Set up the proof on some images of the first part of the training set.

        Args:
            images: names of the images, in the order to keep.
            size: length of the longer side after downscaling, pixels.

        Raises:
            InputError: they cannot be trained on one by one.
        """


# Proof ------------------------------------------------------------------------------------------


class TrialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Training settings of a proof.

    Attributes:
        batch: images per step, at most the number of images.
        seed: seed of the order of the images.
        device: `cuda` or `cpu`.
        random: start from random weights: GroupNorm for BatchNorm, nothing frozen.
    """

    batch: int
    seed: int
    device: str
    random: bool


class Trial(ABC):
    """A few images, prepared for training and for evaluation, and the model.

    Models are torch modules; one wrapped in a DataParallel is recognised by its ``module``.

    Attributes:
        left_out: augmentations of the config that were left out.
    """

    left_out: Sequence[str] = ()

    @abstractmethod
    def new_model(self) -> Any:
        """The config's model with fresh weights, small enough for a proof, on the device."""

    @abstractmethod
    def batches(self) -> Iterator[Any]:
        """An endless iterator of training batches, in an order determined by the seed."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        """One forward pass of a model in training mode.

        Returns:
            (the loss tensor for the backward pass; the values the framework logs for this
            iteration: ``loss`` and its components).
        """

    @abstractmethod
    def detect(self, model: Any) -> Any:
        """The detections of a model in evaluation mode, in the form that the other methods take."""

    def detections(self, model: Any) -> Sequence[Detections]:
        """What a model finds in each image, in their order; empty if it is not known."""
        return ()

    @abstractmethod
    def ap50(self, found: Any) -> float:
        """AP at IoU 0.5, 0 to 1, computed by the evaluation in the config."""

    @abstractmethod
    def ap50_per_class(self, found: Any) -> dict[str, float]:
        """AP50 of each class with ground truth in the images."""

    @abstractmethod
    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        """Write a checkpoint as the framework does."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress the output of pycocotools, mmcv and torch."""
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
