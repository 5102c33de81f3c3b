"""An mmdetection 2.x model: built without a download, small enough for a proof, heads compared."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataforge.records import Finding


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


def check_model(cfg: Any, classes: Sequence[str]) -> Iterator[Finding]:
    """Whether the config's model builds, and every head of it has as many classes as the dataset.

    The heads are those that mmdet's own NumClassCheckHook looks at (2.28.2 datasets/utils.py:136),
    taken from the built model: a head whose config says nothing has mmdet's default of 80.
    """
    try:
        model = build_model(small_model(cfg.model, random=False), cfg)
    except Exception as error:  # noqa: BLE001 - a config may ask for anything
        yield Finding(
            code="model-does-not-build",
            severity="error",
            file="model",
            message=f"mmdet cannot build it: {type(error).__name__}: {error}",
            remedy="mend what it names; the same would stop the training",
        )
        return
    for path, number in heads_of(model):
        if number != len(classes):
            yield Finding(
                code="num-classes",
                severity="error",
                file=path,
                message=f"num_classes is {number}, but the dataset has {len(classes)} classes "
                f"({', '.join(classes)})",
                remedy=f"set it to {len(classes)}; mmdet counts no background",
            )


def heads_of(model: Any) -> Iterator[tuple[str, int]]:
    """(path, num_classes) of every part of a built model that NumClassCheckHook looks at."""
    from mmcv.cnn import VGG
    from mmdet.models.dense_heads import GARPNHead, RPNHead
    from mmdet.models.roi_heads.mask_heads import FusedSemanticHead

    for name, module in model.named_modules():
        if isinstance(module, RPNHead | VGG | FusedSemanticHead | GARPNHead):
            continue
        if hasattr(module, "num_classes"):
            yield f"model.{name}.num_classes", module.num_classes


def small_model(model: Any, *, random: bool) -> Any:
    """The config's model, able to learn from a few small images without any download.

    Args:
        model: the config's ``model``.
        random: start from random weights: GroupNorm for BatchNorm, nothing frozen.
    """
    config = copy.deepcopy(model)
    _forget_pretrained(config)
    if random and "backbone" in config:
        backbone = config.backbone
        if backbone.get("type") in ("ResNet", "ResNeXt", "ResNetV1d"):
            backbone.norm_cfg = {"type": "GN", "num_groups": 32, "requires_grad": True}
            backbone.update(norm_eval=False, frozen_stages=-1)
    # Hundreds of proposals are enough for small images, and thousands cost minutes on a CPU.
    for part in ("train_cfg", "test_cfg"):
        _cap(config.get(part) or {}, {"nms_pre": 500, "max_per_img": 200})
    _cap_samples(config)
    return config


def _cap_samples(config: Any) -> None:
    for settings in _dicts(config):
        sampler, layer = settings.get("sampler"), settings.get("roi_layer")
        if isinstance(sampler, Mapping):
            _cap(sampler, {"num": 64})
        if isinstance(layer, dict) and layer.get("sampling_ratio") == 0:
            layer["sampling_ratio"] = 2  # 0 takes as many samples as there are pixels


def _forget_pretrained(node: Any) -> None:
    for settings in _dicts(node):
        if "pretrained" in settings:
            settings["pretrained"] = None
        init = settings.get("init_cfg")
        if isinstance(init, Mapping) and init.get("type") == "Pretrained":
            settings["init_cfg"] = None


def _dicts(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from _dicts(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _dicts(value)


def _cap(node: Any, limits: Mapping[str, int]) -> None:
    for settings in _dicts(node):
        for key, limit in limits.items():
            if isinstance(settings.get(key), int):
                settings[key] = min(settings[key], limit)


def build_model(config: Any, cfg: Any) -> Any:
    """The model by mmdet's own builder, without its chatter."""
    from mmdet.models import build_detector

    with quiet():
        return build_detector(
            copy.deepcopy(config), train_cfg=cfg.get("train_cfg"), test_cfg=cfg.get("test_cfg")
        )


def new_model(config: Any, cfg: Any, device: str) -> Any:
    """The model with fresh weights, inside mmcv's MMDataParallel."""
    from mmcv.parallel import MMDataParallel

    model = build_model(config, cfg)
    with quiet():
        model.init_weights()
    if device == "cuda":
        return MMDataParallel(model.cuda(), device_ids=[0])
    return MMDataParallel(model, device_ids=[])
