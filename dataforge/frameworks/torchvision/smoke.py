"""Smoke runs with torchvision: runs the functions of the `train.py` that `register` generates.

An edited script must keep parse_args, build_model, build_dataset, build_loader, averaged and
evaluate; its dataset class must keep ``images`` and ``ground_truth``.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import os.path as osp
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from dataforge.errors import DataforgeError, InputError, MissingDependencyError
from dataforge.frameworks.adapter import (
    Adapter,
    BuiltDataset,
    CocoSource,
    ImageInfo,
    Operators,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
    Truth,
    quiet,
)
from dataforge.frameworks.detections import Detections
from dataforge.frameworks.live import LiveModel
from dataforge.frameworks.samples import Sample
from dataforge.frameworks.torchvision.detecting import detect
from dataforge.frameworks.torchvision.networks import capped, heads_of
from dataforge.frameworks.torchvision.samples import samples
from dataforge.frameworks.weights import first_that_fits

OLDEST = (0, 16)  # has tv_tensors
FUNCTIONS = (
    "parse_args", "build_model", "build_dataset", "build_loader", "averaged", "evaluate",
)  # fmt: skip


class TorchvisionAdapter(Adapter):
    """torchvision 0.16 and later."""

    packages = ("torchvision",)
    operators = Operators("torchvision")

    def require(self) -> None:
        """See `Adapter.require`."""
        try:
            version = metadata.version("torchvision")
        except metadata.PackageNotFoundError as error:
            raise MissingDependencyError(
                "torch, torchvision and pycocotools are required in the Python that runs dataforge"
            ) from error
        if tuple(int(number) for number in version.split(".")[:2]) < OLDEST:
            raise DataforgeError(
                f"torchvision {version} is installed; train.py requires 0.16 or later"
            )

    def prepare(self, device: str) -> None:
        """See `Adapter.prepare`."""
        with quiet():
            import torchvision  # noqa: F401

    def load(self, config: Path) -> TorchvisionConfig:
        """Import the script as a module; its `main` is not run.

        Raises:
            InputError: the script does not load, or lacks a required function.
        """
        try:
            with quiet():
                script = _import(config)
                missing = [name for name in FUNCTIONS if not hasattr(script, name)]
                if not missing:
                    return TorchvisionConfig(script)
        except (Exception, SystemExit) as error:  # argparse exits if a required option is missing
            hint = ""
            if isinstance(error, ImportError):
                hint = "; is the dataset registered for this Python? (dataforge register)"
            raise InputError(
                f"{config}: the script does not load: {type(error).__name__}: {error}{hint}"
            ) from error
        raise InputError(
            f"{config}: not a training script made by `register`: it has no {', '.join(missing)}"
        )


def _import(path: Path) -> Any:
    """Import a script with its own folder first in the import path, as `python path` does."""
    name = f"_smoke_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    script = importlib.util.module_from_spec(spec)
    with _replaced(sys, "path", [str(path.resolve().parent), *sys.path]):
        spec.loader.exec_module(script)
    return script


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Temporarily replace an attribute; an inherited one becomes visible again afterwards."""
    own = name in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


class TorchvisionConfig(TrainingConfig):
    """A training script with its default options.

    Attributes:
        script: the script as a module.
        args: the result of its parse_args without options.
        splits: split -> its paths, from the dataset's module.
    """

    title = "torchvision"
    truth_method = "__getitem__ and ground_truth"
    background = 1
    rules: Mapping[str, str] = {
        "of no class": "the dataset's classes do not name it",
        "without a box": "its numbers are not all there, and the registered class skips it",
        "under one pixel": "torchvision stops at boxes without width or height, and the registered "
        "class skips what is under one pixel",
        "outside the image": "the registered class skips boxes outside the image, of which "
        "nothing is left where train.py clips them",
        "without an area": "the registered class skips boxes whose area is 0",
        "crowd or ignored": "the registered class trains on no `iscrowd` and no `ignore`; its "
        "ground_truth makes crowds of them, which pycocotools does not count",
        "difficult": "the registered class trains on no difficult object that its layout ignores",
    }

    def __init__(self, script: Any) -> None:
        from torch.utils.data import Dataset

        self.script = script
        self.args = script.parse_args([])
        self.args.workers = 0
        classes = [
            value
            for value in vars(script).values()
            if isinstance(value, type)
            and issubclass(value, Dataset)
            and hasattr(value, "ground_truth")
        ]
        if not classes:
            raise ValueError("it imports no dataset class that has a ground_truth")
        self.dataset_class: Any = classes[0]
        self.splits: Mapping[str, Any] = sys.modules[classes[0].__module__].SPLITS

    def where(self, split: str) -> str:
        return f"SPLITS[{split!r}]"

    def parts(self, split: str) -> Sequence[Part]:
        return [TorchvisionPart(self, split)] if split in self.splits else []

    def same(self, split: str, other: str) -> bool:
        return bool(self.splits.get(split) == self.splits.get(other))

    def heads(self) -> Sequence[tuple[str, int]]:
        return list(heads_of(self.model(random=True)))

    def live(self) -> LiveModel:
        from dataforge.frameworks.torchvision.live import TorchvisionModel

        return TorchvisionModel(self)

    def trained(self, weights: Path, device: str) -> Any:
        size = tuple(self.args.size)
        own, proved = (partial(self.model, random=random, size=size) for random in (False, True))
        return first_that_fits((own, proved), weights).to(device)

    def detect(self, part: Part, model: Any) -> Iterator[Detections]:
        split = cast("TorchvisionPart", part).split
        with quiet():
            dataset = self.script.build_dataset(split, self.args)
            dataset.transforms = self.transforms()
        return detect(model, self.script.build_loader(dataset, self.args, train=False))

    def transforms(self) -> Any:
        """Those of an evaluation."""
        split = next(name for name in ("val", "test", "train") if name in self.splits)
        return self.script.build_dataset(split, self.args).transforms

    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        return TorchvisionTrial(self, images, size, settings)

    def model(self, *, random: bool, **options: Any) -> Any:
        """The script's model; no weights are downloaded.

        Args:
            random: build for random weights; else for the weights that the script starts from.
            options: options of its build_model.
        """
        options["weights_backbone"] = "none" if random else self.args.weights_backbone
        with quiet(), _no_download():
            return self.script.build_model(self.args.model, **options)


@contextlib.contextmanager
def _no_download() -> Iterator[None]:
    """Give torchvision's networks random weights of the right names instead of downloading them."""
    from torchvision.models import get_model
    from torchvision.models._api import WeightsEnum  # noqa: PLC2701 - has no public name

    def random_weights(weights: Any, *_: Any, **__: Any) -> Any:
        """Of ResNet50_Weights: the state of a new resnet50."""
        name = type(weights).__name__.removesuffix("_Weights").lower()
        return get_model(name, weights=None).state_dict()

    with _replaced(WeightsEnum, "get_state_dict", random_weights):
        yield


class TorchvisionPart(Part):
    """A split of the script's dataset. torchvision filters nothing: every image is trained on."""

    def __init__(self, config: TorchvisionConfig, split: str) -> None:
        self.config = config
        self.split = split
        self.where = f"{config.where(split)} ({config.splits[split]['ann_file']})"
        self._built: BuiltDataset | None = None

    def classes_as_text(self) -> str | None:
        declared = self.config.dataset_class.CLASSES
        return declared if isinstance(declared, str) else None

    def build(self, *, training: bool) -> BuiltDataset:
        if self._built is None:
            with quiet():
                dataset = self.config.script.build_dataset(self.split, self.config.args)
            # A dataset without a folder of XML files is COCO.
            ann_file = None
            if "annotations" not in self.config.splits[self.split]:
                where = self.config.splits[self.split]["ann_file"]
                ann_file = osp.join(self.config.args.data_path, where)
            self._built = described(dataset, ann_file)
        return self._built

    def samples(self, count: int) -> Iterator[Sample]:
        with quiet():
            dataset = self.config.script.build_dataset(self.split, self.config.args)
        return samples(dataset, count)


def described(dataset: Any, ann_file: str | None) -> BuiltDataset:
    """The script's dataset in framework-independent form.

    Args:
        ann_file: its COCO file; None if each image has an XML file.
    """
    classes = tuple(dataset.CLASSES)
    source = CocoSource(ann_file) if ann_file is not None else None
    id_of: dict[str, Any] = {}
    for id_, name in source.names.items() if source is not None else ():
        id_of.setdefault(dataset.class_of(name), id_)
    truths = [Truth([], []) for _ in dataset.images]
    ignored = [Truth([], []) for _ in dataset.images]
    for annotation in dataset.ground_truth()["annotations"]:
        x, y, width, height = annotation["bbox"]
        truth = (ignored if annotation["iscrowd"] else truths)[annotation["image_id"]]
        truth.labels.append(annotation["category_id"] - 1)
        truth.boxes.append((x, y, x + width, y + height))
    return BuiltDataset(
        classes=classes,
        images=[
            ImageInfo(
                name=info["filename"],
                path=Path(dataset.folder, info["filename"]),
                width=info["width"],
                height=info["height"],
                id=info["id"],
                xml=Path(info["xml"]) if "xml" in info else None,
            )
            for info in dataset.images
        ],
        truth=truths.__getitem__,
        source=source,
        cat_ids=[id_of.get(name) for name in classes] if source is not None else (),
        class_of=dataset.class_of,
        offsets=getattr(dataset, "OFFSETS", (0.0, 0.0, 0.0, 0.0)),
        ignored=ignored.__getitem__,
    )


# Proof ------------------------------------------------------------------------------------------

# Transforms kept for training on a few images. The others are augmentations, which hinder
# overfitting.
_PLAIN = (
    "ClampBoundingBoxes", "ConvertBoundingBoxFormat", "Normalize", "SanitizeBoundingBoxes",
    "ToDtype", "ToImage", "ToPureTensor",
)  # fmt: skip


class TorchvisionTrial(Trial):
    """A few images of the training set, and the script's model."""

    def __init__(
        self,
        config: TorchvisionConfig,
        images: Sequence[str],
        size: int,
        settings: TrialSettings,
    ) -> None:
        self.config = config
        self.script = config.script
        self.size = size
        self.settings = settings
        self.args = copy.copy(config.args)
        self.args.batch_size = settings.batch
        with quiet():
            self.train = config.script.build_dataset("train", self.args)
            transforms = config.transforms()
        infos = {info["filename"]: info for info in self.train.images}
        self.train.images = [infos[name] for name in images]
        self.test = copy.copy(self.train)
        self.test.transforms = transforms
        self.train.transforms, self.left_out = plain(self.train.transforms)

    def new_model(self) -> Any:
        size = (self.size, self.size)
        model = self.config.model(random=self.settings.random, size=size)
        return capped(model).to(self.settings.device)

    def batches(self) -> Iterator[Any]:
        loader = self.script.build_loader(self.train, self.args, train=True)
        while True:
            yield from loader

    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        """Like the script's train_one_epoch."""
        import torch

        device = self.settings.device
        images, targets = batch
        losses = model(
            [image.to(device) for image in images],
            [
                {key: value.to(device) for key, value in target.items() if torch.is_tensor(value)}
                for target in targets
            ],
        )
        parts = self.script.averaged(losses)
        return sum(losses.values()), {"loss": sum(parts.values()), **parts}

    def detect(self, model: Any) -> Any:
        """The scores directly: the script detects and evaluates in one step."""
        return self.script.evaluate(
            model, self.script.build_loader(self.test, self.args, train=False)
        )

    def detections(self, model: Any) -> Sequence[Detections]:
        loader = self.script.build_loader(self.test, self.args, train=False)
        return [*detect(model, loader)]

    def ap50(self, found: Any) -> float:
        return float(found["AP50"] or 0.0)

    def ap50_per_class(self, found: Any) -> dict[str, float]:
        return {
            name: round(scores["AP50"], 4)
            for name, scores in found["by_class"].items()
            if scores["AP50"] is not None
        }

    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        """Write the checkpoint that the script's `--test-only --resume` reads."""
        import torch

        content = {"model": model.state_dict(), "base": self.args.model, "classes": list(classes)}
        torch.save(content, str(path))


def plain(transforms: Any) -> tuple[Any, list[str]]:
    """A composition of v2 transforms without random ones, and the names of those left out."""
    from torchvision.transforms import v2

    if not isinstance(transforms, v2.Compose):
        return transforms, []
    kept = [step for step in transforms.transforms if type(step).__name__ in _PLAIN]
    left_out = [step for step in transforms.transforms if step not in kept]
    return v2.Compose(kept), [type(step).__name__ for step in left_out]
