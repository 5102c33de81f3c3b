"""DetNet-59 and its pyramid (arXiv 1804.06215): a backbone for detection that stays at stride 16.

The stem and the layers 1 to 3 are ResNet-50's, with its names: weights of an ImageNet ResNet-50 fit
there. The layers 4 and 5 (the paper's stages 5 and 6) have three dilated bottlenecks each, 256
channels wide: the first with a 1x1 projection on its shortcut (B), the others with the identity
(A). Of an image of 224 x 224:

    stage               stride  channels  size
    stem: conv1, pool        4        64    56
    layer1 (C2)              4       256    56
    layer2 (C3)              8       512    28
    layer3 (C4)             16      1024    14
    layer4 (C5)             16      1024    14
    layer5 (C6)             16      1024    14

As the last three maps share a stride, boxes are told apart by anchors with base sizes of their
own, and RoIs by size. 17.3 M parameters; 4.8 G multiply-adds as the paper counts them, with the
strides in the 1x1 convolutions (style='caffe'), and 5.0 G with torchvision's ResNet-50, whose
strides are in the 3x3 ones (style='pytorch').
"""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

from torch import Tensor, nn
from torch.nn import functional

from .parts import BATCH_NORM, ResidualNetwork, build_norm, initialise

BLOCKS = {59: (3, 4, 6, 3, 3)}
"""Depth -> number of blocks in each layer."""


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions; a projection on the shortcut, or the identity.

    Args:
        inputs: channels of the input.
        width: channels of the 3x3 convolution; the output has four times as many.
        stride: of the 3x3 convolution, or of the first one if `style` is caffe.
        dilation: of the 3x3 convolution.
        project: a 1x1 convolution on the shortcut.
        norm_cfg: see `build_norm`.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int,
        dilation: int,
        project: bool,
        style: str,
        norm_cfg: Mapping[str, Any],
    ) -> None:
        super().__init__()
        outputs = 4 * width
        strides = (stride, 1) if style == "caffe" else (1, stride)
        self.conv1 = nn.Conv2d(inputs, width, kernel_size=1, stride=strides[0], bias=False)
        self.bn1 = build_norm(norm_cfg, width)
        self.conv2 = nn.Conv2d(
            width, width, kernel_size=3, stride=strides[1], padding=dilation, dilation=dilation,
            bias=False,
        )  # fmt: skip
        self.bn2 = build_norm(norm_cfg, width)
        self.conv3 = nn.Conv2d(width, outputs, kernel_size=1, bias=False)
        self.bn3 = build_norm(norm_cfg, outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: Optional[nn.Module] = None
        if project:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False),
                build_norm(norm_cfg, outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + shortcut)


class DetNet(ResidualNetwork):
    """DetNet; see the top of this file, and `ResidualNetwork` for what the arguments do.

    Args:
        depth: 59.
        style: where a stride is: `pytorch` in the 3x3 convolution, `caffe` in the 1x1 before it.
            It has to be that of the weights that are loaded.
        new_norm_cfg: norm of the layers 4 and 5, which a ResNet's weights do not fit; None for
            `norm_cfg`. A BatchNorm there would have no statistics to keep.
    """

    def __init__(
        self,
        depth: int = 59,
        out_indices: Sequence[int] = (0, 1, 2, 3, 4),
        frozen_stages: int = -1,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        norm_eval: bool = False,
        style: str = "pytorch",
        new_norm_cfg: Optional[Mapping[str, Any]] = None,
    ) -> None:
        if style not in ("pytorch", "caffe"):
            raise ValueError(f"style={style!r} must be pytorch or caffe")
        if depth not in BLOCKS:
            raise ValueError(f"depth={depth} must be one of {', '.join(map(str, BLOCKS))}")
        layers, channels = [], []
        inputs = 64
        # (width, stride, dilation) of each layer
        plan = ((64, 1, 1), (128, 2, 1), (256, 2, 1), (256, 1, 2), (256, 1, 2))
        for count, (width, stride, dilation) in zip(BLOCKS[depth], plan):
            norm = new_norm_cfg or norm_cfg if dilation > 1 else norm_cfg
            blocks: List[nn.Module] = []
            for number in range(count):
                first = number == 0
                strided = stride if first else 1
                blocks.append(Bottleneck(inputs, width, strided, dilation, first, style, norm))
                inputs = 4 * width
            layers.append(nn.Sequential(*blocks))
            channels.append(inputs)
        super().__init__(layers, channels, norm_cfg, out_indices, frozen_stages, norm_eval)


class DetNetFPN(nn.Module):
    """A feature pyramid that sums maps of equal size as they are.

    Each map passes a 1x1 convolution and gets the next smaller sum, which is enlarged only where
    the sizes differ. Only sums with something enlarged are smoothed, by a 3x3 convolution: P2 and
    P3 of DetNet-59. Maps beyond those of the backbone are pooled from the last one.

    Args:
        in_channels: of the backbone's maps, the largest map first.
        out_channels: of all maps of the pyramid.
        num_outs: number of maps of the pyramid.
        strides: of the backbone's maps; they say which ones are smoothed.
        start_level: the first of the backbone's maps that is used.
        norm_cfg: a norm after each convolution; see `build_norm`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        num_outs: int = 5,
        strides: Sequence[int] = (4, 8, 16, 16, 16),
        start_level: int = 0,
        norm_cfg: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__()
        if len(in_channels) != len(strides):
            raise ValueError(f"{len(in_channels)} in_channels and {len(strides)} strides")
        if num_outs < len(in_channels) - start_level:
            raise ValueError(f"num_outs={num_outs}: there are more maps from the backbone")
        self.start_level = start_level
        self.num_outs = num_outs
        used = in_channels[start_level:]
        enlarged = [a != b for a, b in zip(strides[start_level:], strides[start_level + 1 :])]
        self.laterals = nn.ModuleList(
            convolution(channels, out_channels, 1, norm_cfg) for channels in used
        )
        self.smooths = nn.ModuleList(
            convolution(out_channels, out_channels, 3, norm_cfg) if smoothed else nn.Identity()
            for smoothed in (*enlarged, False)
        )
        initialise(self)

    def forward(self, maps: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """The maps of the pyramid, the largest first."""
        sums = [lateral(x) for lateral, x in zip(self.laterals, maps[self.start_level :])]
        for index in range(len(sums) - 1, 0, -1):
            upper, size = sums[index], sums[index - 1].shape[-2:]
            if upper.shape[-2:] != size:
                upper = functional.interpolate(upper, size=size, mode="nearest")
            sums[index - 1] = sums[index - 1] + upper
        outs = [smooth(x) for smooth, x in zip(self.smooths, sums)]
        while len(outs) < self.num_outs:
            outs.append(functional.max_pool2d(outs[-1], kernel_size=1, stride=2))
        return tuple(outs)


def convolution(
    inputs: int, outputs: int, size: int, norm_cfg: Optional[Mapping[str, Any]]
) -> nn.Module:
    """A convolution that keeps the size, with a norm or a bias."""
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=norm_cfg is None)
    return layer if norm_cfg is None else nn.Sequential(layer, build_norm(norm_cfg, outputs))
