"""Input and output of code generators: a framework-independent dataset, and planned files."""

from __future__ import annotations

import colorsys
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from dataforge.errors import UsageError
from dataforge.geometry import Coords
from dataforge.layouts import Difficult
from dataforge.learning_rate import Schedule

PYTHON_FOLDER = "python"
"""Folder of the output that Python searches for modules; only the generated package is in it."""


class SplitSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One split; paths are POSIX, relative to the dataset's root, or absolute.

    Attributes:
        ann_file: list of ids (voc) or COCO file.
        images: folder of the images.
        annotations: folder of the XML files (voc).
    """

    ann_file: str
    images: str
    annotations: str = ""


class DatasetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset, as input to code generators.

    Attributes:
        name: as the user typed it.
        class_name: name of the generated class, such as HumanPartsDataset.
        key: lower-case identifier, the name for `get_classes`.
        package: package of the generated module.
        aliases: all names for `get_classes`, including `key`.
        format: `voc` or `coco`.
        root: absolute path of the data.
        classes: names in the order of their labels.
        spellings: (normalised) label -> class, for every label that is used.
        ignore_case: labels are case-folded before they are looked up in `spellings`.
        splits: `train`, `val` and `test`.
        train_images: number of images to train on; 0 if not known.
        extensions, lookup, coords, difficult: as in `dataforge.layouts.Layout`.
        by_name: an image and its XML file share only the file name, not the folders.
        image_id: (regular expression, replacement) from an id to its image's, if they differ.
        image_name: (regular expression, replacement) from an image's path without extension to the
            id that `image_id` makes, if images are known by folders and name.
        other_case: the names of some images and XML files differ in case.
        upper_xml: some XML files end in .XML.
        has_masks: every object has polygons or a mask.
        without_mask: the objects without a mask, in words, if others have one.
        dropped: category names, as written in the files, that are deliberately not classes
            (coco): unused ones that were left out, dropped, skipped, and unknown ones if
            these are ignored.
        index: training keeps an index beside the XML files, to start faster (voc).
    """

    name: str
    class_name: str
    key: str
    package: str
    aliases: tuple[str, ...]
    format: Literal["voc", "coco"]
    root: str
    classes: tuple[str, ...]
    spellings: dict[str, str]
    ignore_case: bool
    splits: dict[str, SplitSpec]
    train_images: int = 0
    extensions: tuple[str, ...] = ()
    lookup: Literal["id", "filename"] = "id"
    coords: Coords = "zero"
    difficult: Difficult = "keep"
    by_name: bool = False
    image_id: tuple[str, str] | None = None
    image_name: tuple[str, str] | None = None
    other_case: bool = False
    upper_xml: bool = False
    has_masks: bool = False
    without_mask: str = ""
    dropped: tuple[str, ...] = ()
    index: bool = True

    @property
    def folder(self) -> str:
        """The folder of the generated package, relative to the output folder."""
        return f"{PYTHON_FOLDER}/{self.package}"

    def paths(self) -> Iterator[str]:
        """Every path in the generated code."""
        yield self.root
        for split in self.splits.values():
            yield from (split.ann_file, split.images, split.annotations)


class TrainSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Training settings of the generated config, for any framework.

    Attributes:
        base: detector, one of the framework's `bases` in any framework's spelling.
        gpus, samples_per_gpu: the learning rate is scaled to their product.
        repeat: number of passes over the training set per epoch.
        workflow: `train,val` also computes the losses on the validation set, after each epoch.
        init: `imagenet` (downloads weights) or `random` (GroupNorm, from scratch).
        weights: absolute path of weights for the backbone; empty for those of `init`.
        backbone: name of a network, see `dataforge.models`.
        frozen_stages: of the backbone, -1 for none, 0 for the stem; None for 1 with weights.
        settings: ``part.argument`` of the model -> value.
    """

    base: str = "faster_rcnn_r50_fpn"
    gpus: int = 1
    samples_per_gpu: int = 2
    repeat: int = 1
    workflow: Literal["train", "train,val"] = "train"
    init: Literal["imagenet", "random"] = "imagenet"
    weights: str = ""
    backbone: str = "resnet50"
    frozen_stages: int | None = None
    settings: dict[str, Any] = {}

    @property
    def batch(self) -> int:
        """Images per step, on all GPUs."""
        return self.gpus * self.samples_per_gpu

    def schedule(self, stock: Schedule, dataset: DatasetSpec) -> Schedule:
        """A framework's schedule, fitted to the images of the dataset."""
        return stock.fitted(dataset.train_images * self.repeat, self.batch)


class PlannedFile(msgspec.Struct, frozen=True):
    """A file to write: POSIX path relative to the output folder, and its text."""

    path: str
    text: str


def identify(name: str) -> tuple[str, str]:
    """(key, class name) for a dataset name.

    >>> identify("HumanParts")
    ('humanparts', 'HumanPartsDataset')
    >>> identify("my data-set 2")
    ('my_data_set_2', 'MyDataSet2Dataset')

    Raises:
        UsageError: the name cannot be converted to a Python identifier.
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", name).replace("_", " "))
    key = "_".join(words).lower()
    if keyword.iskeyword(key):
        raise UsageError(f"{name!r} cannot be a Python name, as {key} is a keyword; add a word")
    if not key.isidentifier():
        raise UsageError(f"{name!r} cannot be a Python name; begin it with a letter")
    class_name = "".join(word[0].upper() + word[1:] for word in words)
    # The name of a dataset called so alone would hide that of torch, which generated code imports.
    return key, (class_name.removesuffix("Dataset") or class_name) + "Dataset"


def package_name(key: str) -> str:
    """The generated package of a dataset."""
    return f"{key}_dataset"


def find_base(wanted: str, bases: Iterable[str]) -> str:
    """Find a framework's detector by its name in any framework's spelling.

    >>> find_base("faster_rcnn_r50_fpn", ["fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn"])
    'fasterrcnn_resnet50_fpn'

    Raises:
        UsageError: there is none of that name.
    """
    known = {bare(base): base for base in bases}
    if bare(wanted) not in known:
        raise UsageError(f"--base {wanted}: must be one of {', '.join(known.values())}")
    return known[bare(wanted)]


def bare(base: str) -> str:
    """A detector's name normalised across the spellings of the frameworks.

    >>> bare("faster-rcnn_r50_fpn") == bare("fasterrcnn_resnet50_fpn")
    True
    """
    return base.replace("resnet", "r").replace("-", "").replace("_", "")


def check_masks(base: str, dataset: DatasetSpec) -> None:
    """Reject an instance segmentation model if not every object has a mask.

    Raises:
        UsageError: an object has no mask; the message names it.
    """
    if base.startswith("mask") and not dataset.has_masks:
        why = dataset.without_mask or f"{dataset.name} has only boxes"
        raise UsageError(f"--base {base} requires masks, and {why}")


def snake_case(name: str) -> str:
    """``HumanParts`` -> ``human_parts``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def palette(count: int) -> list[tuple[int, int, int]]:
    """`count` distinct RGB colours, with hues a golden angle apart."""
    colours = []
    for i in range(count):
        red, green, blue = colorsys.hsv_to_rgb(
            i * 0.618033988749895 % 1, (0.75, 0.55, 0.95)[i % 3], (0.9, 1.0, 0.7)[i % 3]
        )
        colours.append((round(red * 255), round(green * 255), round(blue * 255)))
    return colours
