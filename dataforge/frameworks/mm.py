"""Code shared by both generations of mmdetection: generation of code, and adapters."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from dataforge.errors import DataforgeError, InputError, UsageError
from dataforge.frameworks.adapter import quiet
from dataforge.frameworks.base import Framework
from dataforge.frameworks.mm_model import MmModel, make_model
from dataforge.frameworks.render import network_text, planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec
from dataforge.learning_rate import MMDET_SCHEDULE, learning_rate
from dataforge.mmconfig import dicts, unwrapped
from dataforge.models import sources_of

RULES = {
    "of no class": "the dataset's classes do not name it",
    "without a box": "its numbers are not all there, and the registered class skips it",
    "under one pixel": "CocoDataset of mmdet skips boxes under one pixel (_parse_ann_info), and so "
    "does the class that `register` makes for VOC",
    "outside the image": "CocoDataset of mmdet skips boxes outside the image (_parse_ann_info), "
    "and so does the class that `register` makes for VOC",
    "without an area": "CocoDataset of mmdet skips boxes whose area is 0 (_parse_ann_info)",
    "crowd or ignored": "CocoDataset of mmdet skips `ignore` and trains on no `iscrowd`",
    "difficult": "mmdet trains on no difficult object that its dataset class hands out as ignored",
}
"""Why an object is not trained on, in both generations."""


def check_names(dataset: DatasetSpec, class_names: Set[str], aliases: str) -> None:
    """Reject a dataset whose names mmdet has already.

    Args:
        class_names: names that the dataset class must not have.
        aliases: names that `get_classes` knows, separated by spaces.

    Raises:
        UsageError: a name is taken.
    """
    if dataset.class_name in class_names:
        raise UsageError(f"mmdet has its own {dataset.class_name}; choose another name")
    # "get" would replace mmdet's function get_classes.
    taken = {*aliases.split(), "get"} & {*dataset.aliases, dataset.key}
    if taken:
        raise UsageError(f"mmdet already knows the name {min(taken)!r}; choose another one")


def model_of(framework: Framework, dataset: DatasetSpec, train: TrainSpec) -> MmModel:
    """The parts of the detector that depend on its backbone, its neck and the settings.

    Raises:
        UsageError: there is no such backbone, or a setting is unknown or contradicts another.
    """
    prefix = dataset.class_name.removesuffix("Dataset")
    return make_model(framework.detector(train), train, prefix, len(dataset.classes))


def template_values(framework: Framework, dataset: DatasetSpec, train: TrainSpec) -> dict[str, Any]:
    """What the templates of both generations take.

    Several training configs of one dataset share the class and the fragment: apart from the
    dataset, a fragment depends only on whether it loads masks, which is part of its name.
    """
    base = framework.detector(train)
    model = model_of(framework, dataset, train)
    with_mask = base.startswith("mask")
    base_lr = framework.bases[base]
    schedule = train.schedule(MMDET_SCHEDULE, dataset)
    module = framework.module_name(dataset)
    networks = f"{module}_{model.network.source}"
    return {
        "dataset": dataset,
        "train": train,
        "base": base,
        "model": model,
        "module": module,
        "networks": networks,
        "imports": [module, networks] if model.types(own=True) else [module],
        "base_lr": base_lr,
        "lr": learning_rate(base_lr, train.gpus, train.samples_per_gpu),
        "schedule": schedule,
        "stock": MMDET_SCHEDULE,
        "why": schedule.why(MMDET_SCHEDULE),
        "with_mask": with_mask,
        "fragment": dataset.key + ("_instance" if with_mask else ""),
    }


def network_files(
    framework: Framework, dataset: DatasetSpec, train: TrainSpec
) -> list[PlannedFile]:
    """A network that mmdetection lacks: its source, and what registers it with mmdetection.

    The files depend on the dataset and the network alone: training configs share them.
    """
    network = model_of(framework, dataset, train).network
    if not network.source:
        return []
    values = {
        "network": network,
        "generation": int(framework.name[-1]),
        "prefix": dataset.class_name.removesuffix("Dataset"),
        "backbone": (network.mmdet or {})["type"],
        "neck": network.neck if network.neck != "FPN" else "",
    }
    made = f"{dataset.folder}/{framework.name}_{network.source}.py"
    copied = [
        PlannedFile(f"{dataset.folder}/{name}.py", network_text(name))
        for name in sources_of(network.source)
    ]
    return [*planned_files({made: "shared/mm_network.py.j2"}, values), *copied]


def type_name(config: Mapping[str, Any]) -> str:
    """The `type` of a config, which is a name or (mmengine's lazy style) a class."""
    type_ = config.get("type", "")
    return type_ if isinstance(type_, str) else str(type_.__name__)


def base_configs(config: Any) -> Iterator[Any]:
    """The configs of the datasets inside wrappers such as RepeatDataset and ConcatDataset."""
    return (inner for _, _, inner in unwrapped(config))


def is_wrapped(config: Any) -> bool:
    """Whether the config of a split is more than that of one plain dataset."""
    return list(base_configs(config)) != [config]


def text_only(declared: Any) -> str | None:
    """Declared classes if they are a text that does not name a file, which mmdet would read."""
    return declared if isinstance(declared, str) and not Path(declared).is_file() else None


def check_pipeline(steps: Iterable[str], last: str) -> None:
    """Reject a pipeline whose output cannot be trained on.

    Args:
        steps: names of the steps of the training images' pipeline.
        last: name of the step that makes the input of a model.

    Raises:
        InputError: there is no such step.
    """
    if last not in steps:
        raise InputError(
            f"the pipeline of the training images ends without {last}, as under a "
            "MultiImageMixDataset: the proof cannot train on them one by one"
        )


def evaluate_in_threads(mean_ap: Any) -> None:
    """Make mmdet's `eval_map` compute in threads.

    It forks for each call. A forked process in which Python happens to free a tensor of the GPU is
    aborted by CUDA ("initialization error"), and the pool waits for it for ever: seen once in 36
    runs on an H200.

    Args:
        mean_ap: the module of `eval_map`.
    """
    from multiprocessing.pool import ThreadPool

    mean_ap.Pool = ThreadPool


def ap_by_class(classes: Iterable[str], figures: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Class -> AP, for the classes with ground truth.

    Args:
        classes: in the order of their labels.
        figures: what mmdet's `eval_map` gives for each class.
    """
    return {
        name: round(float(entry["ap"]), 4)
        for name, entry in zip(classes, figures, strict=True)
        if entry["num_gts"]
    }


def heads_of(model: Any, without: tuple[type, ...]) -> Iterator[tuple[str, int]]:
    """(path, num_classes) of every module of a model that mmdet's NumClassCheckHook checks.

    Args:
        without: the modules that the hook skips (2.28.2 datasets/utils.py:136, 3.3.0
            engine/hooks/num_class_check_hook.py).
    """
    for name, module in model.named_modules():
        if hasattr(module, "num_classes") and not isinstance(module, without):
            yield f"model.{name}.num_classes", module.num_classes


def small_model(model: Any, *, random: bool) -> Any:
    """The config's model, modified to train on a few small images without any download.

    Args:
        model: the config's ``model``.
        random: start from random weights: GroupNorm for BatchNorm, nothing frozen.
    """
    config = copy.deepcopy(model)
    forget_pretrained(config)
    if random and "backbone" in config:
        config["backbone"].update(_random_backbone(config["backbone"]))
    # Hundreds of proposals are enough for small images; thousands take minutes on a CPU.
    for part in ("train_cfg", "test_cfg"):
        _cap(config.get(part) or {}, {"nms_pre": 500, "max_per_img": 200})
    _cap_samples(config)
    return config


def _random_backbone(backbone: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with which a backbone trains from random weights: no BatchNorm, none frozen."""
    try:
        from mmdet.registry import MODELS as REGISTRY
    except ImportError:
        from mmdet.models.builder import BACKBONES as REGISTRY
    from torch import nn

    class_ = backbone["type"]
    class_ = REGISTRY.get(class_) if isinstance(class_, str) else class_
    accepted = _arguments(class_) if class_ is not None else set()
    start = {"frozen_stages": -1, "norm_eval": False}
    changes: dict[str, Any] = {key: value for key, value in start.items() if key in accepted}
    if "norm_cfg" in accepted:
        with quiet():
            built = REGISTRY.build(copy.deepcopy(backbone))
        norms = [layer for layer in built.modules() if isinstance(layer, nn.BatchNorm2d)]
        if norms:
            groups = math.gcd(32, *(norm.num_features for norm in norms))
            changes["norm_cfg"] = {"type": "GN", "num_groups": groups, "requires_grad": True}
    return changes


def _arguments(class_: Any) -> set[str]:
    """The names that a class's constructor takes, those that it hands on to its bases included."""
    found: set[str] = set()
    for base in class_.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(base.__init__).parameters
            found |= parameters.keys()
            if all(one.kind is not one.VAR_KEYWORD for one in parameters.values()):
                break
    return found


def _cap_samples(config: Any) -> None:
    for _, settings in dicts(config, ""):
        sampler, layer = settings.get("sampler"), settings.get("roi_layer")
        if isinstance(sampler, Mapping):
            _cap(sampler, {"num": 64})
        if isinstance(layer, dict) and layer.get("sampling_ratio") == 0:
            layer["sampling_ratio"] = 2  # 0 takes as many samples as there are pixels


def forget_pretrained(node: Any) -> None:
    """Take out of a model's config all weights that would be downloaded."""
    for _, settings in dicts(node, ""):
        if "pretrained" in settings:
            settings["pretrained"] = None
        init = settings.get("init_cfg")
        if isinstance(init, Mapping) and type_name(init) in ("Pretrained", "PretrainedInit"):
            settings["init_cfg"] = None


def _cap(node: Any, limits: Mapping[str, int]) -> None:
    for _, settings in dicts(node, ""):
        for key, limit in limits.items():
            if isinstance(settings.get(key), int):
                settings[key] = min(settings[key], limit)


@contextlib.contextmanager
def importing(title: str, needs: str) -> Iterator[None]:
    """Import a framework without its output; what fails, for versions that do not fit, is named.

    Args:
        title: name of the framework.
        needs: what it has to be installed with.

    Raises:
        DataforgeError: it cannot be imported.
    """
    try:
        with quiet():
            yield
    except DataforgeError:
        raise
    except Exception as error:  # mmdet asserts the version of mmcv, for example
        raise DataforgeError(
            f"{title} cannot be imported: {type(error).__name__}: {error}; it works {needs}"
        ) from error


def loaded(path: Path, read: Callable[[], Any], title: str, *keys: str) -> Any:
    """Load a config with the framework's own reader.

    Args:
        path: path of the config, for messages.
        read: reads the config.
        title: name of the framework.
        keys: required keys of a training config.

    Raises:
        InputError: the config does not load (the message has the cause), or a key is missing.
    """
    try:
        with quiet():
            config = read()
    except Exception as error:
        reason = _why_not_loaded(error)
        raise InputError(f"{path}: the config does not load: {reason}") from error
    if missing := [key for key in keys if key not in config]:
        raise InputError(
            f"{path}: not a training config of {title}: it has no {' and no '.join(missing)}"
        )
    return config


def _why_not_loaded(error: BaseException) -> str:
    """Why a config does not load: type and text of the cause, and a hint where one applies."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):  # mmcv 1.x raises a bare ImportError
        cause = cause.__cause__ or cause.__context__
    hint = ""
    if isinstance(cause, ImportError):
        hint = "; is the dataset registered for this Python? (dataforge register)"
    return f"{type(cause or error).__name__}: {cause}{hint}"
