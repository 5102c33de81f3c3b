"""The parts of mmdetection's detectors that depend on the backbone, the neck and the settings.

The numbers that have to fit one another are computed here: channels of the neck's inputs, strides
of the anchors and of the RoIs' levels, channels of the heads. `make_model` gives the parts in full,
as the lazy style needs them, and what differs from mmdetection's own base config.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import msgspec

from dataforge.errors import UsageError
from dataforge.frameworks.backbone import find_weights
from dataforge.frameworks.mm_settings import check_settings
from dataforge.frameworks.spec import TrainSpec
from dataforge.models import Network, get_network, networks

Config = dict[str, Any]

# mmdet 2.28.2 and 3.3.0, configs/_base_/models/
_BACKBONE: Config = {
    "type": "ResNet", "depth": 50, "num_stages": 4, "out_indices": (0, 1, 2, 3),
    "frozen_stages": 1, "norm_cfg": {"type": "BN", "requires_grad": True}, "norm_eval": True,
    "style": "pytorch",
    "init_cfg": {"type": "Pretrained", "checkpoint": "torchvision://resnet50"},
}  # fmt: skip
_ROI: Config = {"out_channels": 256, "featmap_strides": [4, 8, 16, 32]}


class _Base(NamedTuple):
    neck: Config
    anchors: Config


_TWO_STAGES = _Base(
    neck={"type": "FPN", "in_channels": [256, 512, 1024, 2048], "out_channels": 256, "num_outs": 5},
    anchors={
        "type": "AnchorGenerator", "scales": [8], "ratios": [0.5, 1.0, 2.0],
        "strides": [4, 8, 16, 32, 64],
    },
)  # fmt: skip
_RETINANET = _Base(
    neck={
        "type": "FPN", "in_channels": [256, 512, 1024, 2048], "out_channels": 256,
        "start_level": 1, "add_extra_convs": "on_input", "num_outs": 5,
    },
    anchors={
        "type": "AnchorGenerator", "octave_base_scale": 4, "scales_per_octave": 3,
        "ratios": [0.5, 1.0, 2.0], "strides": [8, 16, 32, 64, 128],
    },
)  # fmt: skip

_GROUP_NORM = "GN"
_MOST_OUTS = 10
_ROI_LEVELS = 4
"""RoIs are taken from at most so many levels; coarser ones serve the anchors alone."""


class MmModel(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a detector that depend on its backbone, its neck and the settings.

    Attributes:
        name: of the detector, such as ``faster_rcnn_detnet59_fpn``.
        family: faster, mask, cascade or retinanet.
        network: the backbone.
        scratch: nothing is loaded into the backbone.
        backbone, neck, anchors: all arguments, `type` among them.
        roi: arguments of the RoI extractors.
        changes: part -> what differs from mmdetection's base config.
    """

    name: str
    family: str
    network: Network
    scratch: bool
    backbone: Config
    neck: Config
    anchors: Config
    roi: Config
    changes: dict[str, Config]

    @property
    def group_norm(self) -> bool:
        """Whether the backbone has GroupNorm because its weights are random."""
        return self.scratch and (self.backbone["norm_cfg"] or {}).get("type") == _GROUP_NORM

    def types(self, *, own: bool) -> list[str]:
        """The types of backbone and neck: the generated package's own ones, or mmdetection's."""
        is_own = {
            self.backbone["type"]: bool(self.network.source),
            self.neck["type"]: self.network.neck != "FPN",
        }
        return [type_ for type_, of_package in is_own.items() if of_package == own]


def make_model(base: str, train: TrainSpec, prefix: str, number: int) -> MmModel:
    """The parts of a detector.

    Args:
        base: mmdetection's detector, with ResNet-50.
        train: the backbone, its weights and the settings.
        prefix: first part of the names under which a package's own networks are registered.
        number: of classes.

    Raises:
        UsageError: there is no such backbone, or a setting is unknown or contradicts another.
    """
    family = base.replace("-", "_").split("_")[0]
    network = backbone_network(train.backbone)
    given = check_settings(train.settings, network)
    weights = find_weights(network, train)
    backbone = _backbone(network, weights, train, given["backbone"])
    stages = _stages(network, backbone, given["backbone"])
    of_base = _RETINANET if family == "retinanet" else _TWO_STAGES
    neck = _neck(of_base.neck, network, stages, given["neck"])
    levels = _levels(neck, [stage.stride for stage in stages])
    anchors = _anchors(of_base.anchors, levels.all, given["anchor_generator"])
    roi = {"out_channels": neck["out_channels"], "featmap_strides": levels.own[:_ROI_LEVELS]}
    if levels.own[0] != 4:  # 56 px of a RoI at stride 4 are the extractor's own
        roi["finest_scale"] = 14 * levels.own[0]
    if network.source:
        backbone["type"] = prefix + backbone["type"]
    if network.neck != "FPN":
        neck["type"] = prefix + neck["type"]
    inputs = {"in_channels": neck["out_channels"]} if neck["out_channels"] != 256 else {}
    heads = _heads(family, inputs, number, differences(of_base.anchors, anchors), roi)
    changes = {
        "backbone": differences(_BACKBONE, backbone),
        "neck": differences(of_base.neck, neck),
        **heads,
    }
    return MmModel(
        name=model_name(base, network.name),
        family=family,
        network=network,
        scratch=not weights,
        backbone=backbone,
        neck=neck,
        anchors=anchors,
        roi=roi,
        changes={part: change for part, change in changes.items() if change},
    )


def model_name(base: str, backbone: str) -> str:
    """The name of a detector with another backbone.

    >>> model_name("faster_rcnn_r50_fpn", "resnet101"), model_name("mask-rcnn_r50_fpn", "detnet59")
    ('faster_rcnn_r101_fpn', 'mask-rcnn_detnet59_fpn')
    """
    return base.replace("r50", re.sub("^resnet", "r", backbone))


def backbone_network(name: str) -> Network:
    """A network for mmdetection.

    Raises:
        UsageError: there is none of that name.
    """
    for_mm = [one for one in networks() if get_network(one).mmdet is not None]
    if name not in for_mm:
        raise UsageError(f"--backbone {name}: mmdetection has {', '.join(for_mm)}")
    return get_network(name)


# Backbone ---------------------------------------------------------------------------------------


class _Stage(NamedTuple):
    channels: int
    stride: int


def _backbone(network: Network, weights: str, train: TrainSpec, given: Mapping[str, Any]) -> Config:
    """All arguments of the backbone.

    Raises:
        UsageError: random weights would be frozen, or a value is out of range.
    """
    if train.frozen_stages is not None and "frozen_stages" in given:
        raise UsageError("--set backbone.frozen_stages: --frozen-stages says it already")
    is_borrowed = network.borrowed > 0 and weights == network.weights
    group_norm = {"type": _GROUP_NORM, "num_groups": network.groups, "requires_grad": True}
    if weights:
        norm = {"type": "BN", "requires_grad": True}
        start: Config = {"frozen_stages": 1, "norm_cfg": norm, "norm_eval": True}
        if is_borrowed:
            start["new_norm_cfg"] = group_norm
        start["init_cfg"] = {"type": "Pretrained", "checkpoint": weights}
    else:
        norm = group_norm
        start = {"frozen_stages": -1, "norm_cfg": norm, "norm_eval": False, "init_cfg": None}
    if train.frozen_stages is not None:
        start["frozen_stages"] = train.frozen_stages
    own = network.mmdet or {}
    base = _BACKBONE if own.get("type") == "ResNet" else own
    all_ = {**base, **own, **start, **given}
    all_["out_indices"] = tuple(all_["out_indices"])
    loaded = network.borrowed if is_borrowed else len(network.channels) if weights else -1
    _check_frozen(all_, network, loaded)
    return all_


def _check_frozen(backbone: Mapping[str, Any], network: Network, loaded: int) -> None:
    """Reject frozen stages that do not exist, and what would be kept as it was made.

    Args:
        loaded: number of stages that get weights, -1 if not even the stem does.
    """
    frozen, stages = backbone["frozen_stages"], len(network.channels)
    if not -1 <= frozen <= stages:
        raise UsageError(f"frozen_stages={frozen}: must be -1 (none), 0 (the stem) to {stages}")
    if frozen > loaded:
        raise UsageError(f"frozen_stages={frozen}: would freeze random weights of {network.name}")
    norm = (backbone["norm_cfg"] or {}).get("type", _GROUP_NORM)
    if loaded < 0 and backbone["norm_eval"] and norm != _GROUP_NORM:
        raise UsageError(f"norm_eval=True: would keep the {norm} of {network.name} as it was made")


def _stages(network: Network, backbone: Config, given: Mapping[str, Any]) -> list[_Stage]:
    """The stages whose maps go into the neck.

    Raises:
        UsageError: `out_indices` or `strides` are not those of the network.
    """
    count, indices = len(network.channels), backbone["out_indices"]
    if list(indices) != sorted({*indices}) or indices[-1] >= count:
        raise UsageError(
            f"--set backbone.out_indices={indices}: must be some of 0 to {count - 1}, in order"
        )
    for name in ("strides", "dilations"):
        if len(given.get(name, network.channels)) != count:
            raise UsageError(f"--set backbone.{name}={given[name]}: must have {count} numbers")
    strides: Sequence[int] = network.strides
    if "strides" in given:
        if 0 in given["strides"]:
            raise UsageError("--set backbone.strides: must be above 0")
        strides = [4 * stride for stride in accumulate(given["strides"], mul)]
    return [_Stage(network.channels[index], strides[index]) for index in indices]


# Neck, anchors, heads ---------------------------------------------------------------------------


def _neck(base: Config, network: Network, stages: list[_Stage], given: Mapping[str, Any]) -> Config:
    """All arguments of the neck."""
    channels = [stage.channels for stage in stages]
    if network.neck == "FPN":
        neck = {**base, "in_channels": channels, **given}
    else:  # which knows the strides, and pools its extra levels
        kept = {key: value for key, value in base.items() if key != "add_extra_convs"}
        strides = [stage.stride for stage in stages]
        neck = {**kept, "type": network.neck, "in_channels": channels, "strides": strides, **given}
    end = neck.get("end_level", -1)
    if "num_outs" not in given and 0 <= end < len(stages) - 1:
        neck["num_outs"] = end + 1 - neck.get("start_level", 0)
    return neck


class _Levels(NamedTuple):
    """Strides of a pyramid: of the levels that the backbone has, and of all."""

    own: list[int]
    all: list[int]


def _levels(neck: Mapping[str, Any], strides: Sequence[int]) -> _Levels:
    """The levels of a neck.

    Raises:
        UsageError: the neck asks for other maps than the backbone has, or has no such levels.
    """
    start, end, outs = neck.get("start_level", 0), neck.get("end_level", -1), neck["num_outs"]
    last = len(strides) - 1
    if not 0 <= start <= last:
        raise UsageError(f"--set neck.start_level={start}: must be 0 to {last}")
    if end != -1 and not start <= end <= last:
        raise UsageError(f"--set neck.end_level={end}: must be -1, or {start} to {last}")
    is_open = end in (-1, last)
    own = list(strides[start:] if is_open else strides[start : end + 1])
    if not is_open and outs != len(own):
        raise UsageError(
            f"--set neck.num_outs={outs}: must be {len(own)}; with end_level={end} the neck adds "
            "no levels"
        )
    if not len(own) <= outs <= _MOST_OUTS:
        raise UsageError(f"--set neck.num_outs={outs}: must be {len(own)} to {_MOST_OUTS}")
    return _Levels(own, own + [own[-1] * 2**more for more in range(1, outs - len(own) + 1)])


def _anchors(base: Config, strides: list[int], given: Mapping[str, Any]) -> Config:
    """All arguments of the anchors.

    Raises:
        UsageError: the sizes are given twice, in part, or for another number of levels.
    """
    anchors = {**base, "strides": strides}
    if len({*strides}) < len(strides):  # levels of the same stride have anchors of different sizes
        anchors["base_sizes"] = [strides[0] * 2**level for level in range(len(strides))]
    octaves = {"octave_base_scale", "scales_per_octave"}
    if octaves & given.keys():
        if "scales" in given:
            raise UsageError("--set anchor_generator.scales: contradicts octave_base_scale")
        if missing := octaves - given.keys() - base.keys():
            raise UsageError(f"--set anchor_generator: {min(missing)} is needed as well")
        anchors.pop("scales", None)
    if "scales" in given:
        anchors = {key: value for key, value in anchors.items() if key not in octaves}
    anchors.update(given)
    if len(anchors.get("base_sizes", strides)) != len(strides):
        raise UsageError(
            f"--set anchor_generator.base_sizes={anchors['base_sizes']}: must have "
            f"{len(strides)} numbers, one for each level"
        )
    return anchors


def _heads(
    family: str, inputs: Config, number: int, anchors: Config, roi: Config
) -> dict[str, Config]:
    """What differs in the heads; a cascade's list of heads is left to the template."""
    generator = {"anchor_generator": anchors} if anchors else {}
    head = {**inputs, "num_classes": number}
    if family == "retinanet":
        return {"bbox_head": {**head, **generator}}
    extractor = differences(_ROI, roi)
    boxes = {"bbox_roi_extractor": extractor} if extractor else {}
    roi_head: Config = dict(boxes) if family == "cascade" else {**boxes, "bbox_head": head}
    if family == "mask":
        masks = {"mask_roi_extractor": extractor} if extractor else {}
        roi_head |= {**masks, "mask_head": head}
    return {"rpn_head": {**inputs, **generator}, "roi_head": roi_head}


def differences(base: Mapping[str, Any], wanted: Mapping[str, Any]) -> Config:
    """What a config has to say to make `wanted` out of a base, as mmcv and mmengine merge dicts.

    A dict of another `type` is said in full.

    >>> differences({"type": "A", "x": 1, "y": {"z": 2}}, {"type": "A", "x": 1, "y": {"z": 3}})
    {'y': {'z': 3}}
    >>> differences({"type": "A", "x": 1}, {"type": "B", "y": 1})
    {'_delete_': True, 'type': 'B', 'y': 1}
    """
    rest = {"_delete_": True} if base.keys() - wanted.keys() else {}
    if rest or base.get("type") != wanted.get("type"):
        return {**rest, **wanted}
    changes = {}
    for key, value in wanted.items():
        old = base.get(key)
        if key in base and old == value:
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = differences(old, value)
        changes[key] = value
    return changes
