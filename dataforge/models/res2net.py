"""Res2Net-50 (arXiv 1904.01169) with the 7x7 stem of its first publication.

Names and shapes are those of the published weights res2net50_26w_4s, res2net50_26w_6s and
res2net50_26w_8s. The later versions v1b and v1d, which have a stem of three 3x3 convolutions and
pool on the shortcuts, are mmdetection's own `Res2Net`.

Of an image of 224 x 224, the layers 1 to 4 have 256, 512, 1024 and 2048 channels at strides 4, 8,
16 and 32. With the classifier, 4, 6 and 8 scales of width 26 have 25.70, 37.05 and 48.40 million
parameters.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor, nn

from .parts import BATCH_NORM, ResidualNetwork, build_norm

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
"""Depth -> number of blocks in each layer."""


class Bottle2neck(nn.Module):
    """A bottleneck whose 3x3 convolution is a chain of narrow ones, each of which sees more.

    Args:
        inputs: channels of the input.
        planes: a fourth of the channels of the output.
        stride: of the 3x3 convolutions.
        first: the block opens a layer: it projects the shortcut, and its scales are not chained.
        scales, base_width: number of the narrow convolutions and of their channels, at 64 planes.
        norm_cfg: see `build_norm`.
    """

    def __init__(
        self,
        inputs: int,
        planes: int,
        stride: int,
        first: bool,
        scales: int,
        base_width: int,
        norm_cfg: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.width = planes * base_width // 64
        self.first = first
        inner, outputs = self.width * scales, 4 * planes
        self.conv1 = nn.Conv2d(inputs, inner, kernel_size=1, bias=False)
        self.bn1 = build_norm(norm_cfg, inner)
        self.convs = nn.ModuleList(
            nn.Conv2d(self.width, self.width, 3, stride=stride, padding=1, bias=False)
            for _ in range(scales - 1)
        )
        self.bns = nn.ModuleList(build_norm(norm_cfg, self.width) for _ in range(scales - 1))
        self.pool = nn.AvgPool2d(3, stride=stride, padding=1) if first else nn.Identity()
        self.conv3 = nn.Conv2d(inner, outputs, kernel_size=1, bias=False)
        self.bn3 = build_norm(norm_cfg, outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: Optional[nn.Module] = None
        if first:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False),
                build_norm(norm_cfg, outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        *parts, last = self.relu(self.bn1(self.conv1(x))).split(self.width, 1)
        outs: List[Tensor] = []
        for part, conv, bn in zip(parts, self.convs, self.bns):
            if outs and not self.first:
                part = part + outs[-1]
            outs.append(self.relu(bn(conv(part))))
        outs.append(self.pool(last))
        return self.relu(self.bn3(self.conv3(torch.cat(outs, 1))) + shortcut)


class PlainRes2Net(ResidualNetwork):
    """Res2Net; see the top of this file, and `ResidualNetwork` for what the other arguments do.

    Args:
        depth: 50 or 101.
        scales, base_width: see `Bottle2neck`; there are at least two scales.
    """

    def __init__(
        self,
        depth: int = 50,
        scales: int = 4,
        base_width: int = 26,
        out_indices: Sequence[int] = (0, 1, 2, 3),
        frozen_stages: int = -1,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        norm_eval: bool = False,
    ) -> None:
        if depth not in BLOCKS:
            raise ValueError(f"depth={depth} must be one of {', '.join(map(str, BLOCKS))}")
        if scales < 2:
            raise ValueError(f"scales={scales} must be at least 2")
        layers, channels = [], []
        inputs = 64
        for count, planes in zip(BLOCKS[depth], (64, 128, 256, 512)):
            blocks: List[nn.Module] = []
            for number in range(count):
                first = number == 0
                stride = 2 if first and planes > 64 else 1
                blocks.append(
                    Bottle2neck(inputs, planes, stride, first, scales, base_width, norm_cfg)
                )
                inputs = 4 * planes
            layers.append(nn.Sequential(*blocks))
            channels.append(inputs)
        super().__init__(layers, channels, norm_cfg, out_indices, frozen_stages, norm_eval)


def for_mmdet(state_dict: Mapping[str, Any]) -> Dict[str, Any]:
    """Published weights of v1b or v1d under the names of mmdetection's `Res2Net`.

    The three convolutions of the stem are called conv1 in the file, and its last norm bn1.
    """
    renamed = {}
    for name, value in state_dict.items():
        name = re.sub(r"^conv1\.(\d)", r"stem.\1", name)
        renamed[re.sub(r"^bn1\.", "stem.7.", name)] = value
    return renamed
