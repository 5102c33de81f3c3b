"""The networks: which frameworks have them, and which file of this folder they stand in."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import msgspec

from dataforge.errors import UsageError

_TYPICAL = (4, 8, 16, 32)
_BOTTLENECKS = (256, 512, 1024, 2048)


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A backbone for detectors.

    Attributes:
        name: as `--backbone` takes it.
        about: one line for the docs.
        channels, strides: of the stages that go into the neck, from the largest map on.
        source: file of this folder, without ending; empty if the frameworks have the network.
        mmdet: mmdetection's config of the backbone, without weights and freezing; None if it is
            not for mmdetection.
        neck: `FPN`, or `DetNetFPN` (of the file detnet) where stages share a stride.
        weights: what training starts from if ImageNet weights are asked for, as mmdetection's
            `init_cfg` names it; empty if nothing can be fetched.
        borrowed: number of stages that those weights fit if they are another network's, else 0.
        groups: number of groups for GroupNorm; it divides the channels of every norm.
        torchvision: torchvision's detectors can be built on it.
        paper: arXiv id.
    """

    name: str
    about: str
    channels: tuple[int, ...]
    strides: tuple[int, ...] = _TYPICAL
    source: str = ""
    mmdet: dict[str, Any] | None = None
    neck: str = "FPN"
    weights: str = ""
    borrowed: int = 0
    groups: int = 32
    torchvision: bool = True
    paper: str = ""


def _resnet(depth: int) -> Network:
    stages = tuple(range(4))
    return Network(
        name=f"resnet{depth}",
        about=f"ResNet-{depth}",
        channels=_BOTTLENECKS if depth >= 50 else (64, 128, 256, 512),
        mmdet={
            "type": "ResNet",
            "depth": depth,
            "num_stages": 4,
            "out_indices": stages,
            "style": "pytorch",
        },
        weights=f"torchvision://resnet{depth}",
        paper="1512.03385",
    )


def _res2net(scales: int) -> Network:
    return Network(
        name=f"res2net50_26w_{scales}s",
        about=f"Res2Net-50, {scales} scales of width 26, 7x7 stem as first published",
        channels=_BOTTLENECKS,
        source="res2net",
        mmdet={
            "type": "PlainRes2Net",
            "depth": 50,
            "scales": scales,
            "base_width": 26,
            "out_indices": (0, 1, 2, 3),
        },
        paper="1904.01169",
    )


def _res2net_of_mmdet(depth: int, version: str, weights: str) -> Network:
    return Network(
        name=f"res2net{depth}_{version}_26w_4s",
        about=f"Res2Net-{depth} {version}, 4 scales of width 26, mmdetection's own",
        channels=_BOTTLENECKS,
        mmdet={
            "type": "Res2Net", "depth": depth, "scales": 4, "base_width": 26, "num_stages": 4,
            "out_indices": (0, 1, 2, 3), "style": "pytorch",
        },
        weights=weights,
        groups=2,  # divides 26, the width of a scale
        torchvision=False,
        paper="1904.01169",
    )  # fmt: skip


_ROWS = (
    Network(
        name="detnet59",
        about="DetNet-59: ResNet-50 up to stage 4, then two dilated stages at stride 16",
        channels=(256, 512, 1024, 1024, 1024),
        strides=(4, 8, 16, 16, 16),
        source="detnet",
        mmdet={"type": "DetNet", "depth": 59, "out_indices": (0, 1, 2, 3, 4)},
        neck="DetNetFPN",
        weights="torchvision://resnet50",
        borrowed=3,
        paper="1804.06215",
    ),
    *map(_resnet, (18, 34, 50, 101, 152)),
    *map(_res2net, (4, 6, 8)),
    _res2net_of_mmdet(50, "v1b", ""),
    _res2net_of_mmdet(101, "v1d", "open-mmlab://res2net101_v1d_26w_4s"),
    Network(
        name="vgg16",
        weights="torchvision://vgg16",
        about="VGG-16 without norms: conv3 to conv5 after their ReLU, and the last pool",
        channels=(256, 512, 512, 512),
        paper="1409.1556",
    ),
    Network(
        name="vgg16_bn",
        weights="torchvision://vgg16_bn",
        about="VGG-16 with BatchNorm: conv3 to conv5 after their ReLU, and the last pool",
        channels=(256, 512, 512, 512),
        paper="1409.1556",
    ),
    Network(
        name="mobilenet_v3_large",
        weights="torchvision://mobilenet_v3_large",
        about="MobileNetV3-Large: each stage after the activation before its stride",
        channels=(72, 240, 672, 960),
        paper="1905.02244",
    ),
)

_NETWORKS = {row.name: row for row in _ROWS}


def networks() -> tuple[str, ...]:
    """The names of the networks."""
    return tuple(_NETWORKS)


def get_network(name: str) -> Network:
    """The network of a name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _NETWORKS:
        raise UsageError(f"--backbone {name}: must be one of {', '.join(_NETWORKS)}")
    return _NETWORKS[name]


def source_text(module: str) -> str:
    """The text of a file of this folder, given without its ending."""
    return files("dataforge.models").joinpath(f"{module}.py").read_text("utf-8")


def sources_of(module: str) -> tuple[str, ...]:
    """A file and the files of this folder that it needs, without their endings.

    >>> sources_of("detnet")
    ('detnet', 'parts')
    """
    found = [module]
    for name in found:
        needed = re.findall(r"^from \.(\w+) import", source_text(name), re.MULTILINE)
        found += [other for other in dict.fromkeys(needed) if other not in found]
    return tuple(found)
