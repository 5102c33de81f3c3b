"""What the networks of this folder have in common: norms, a ResNet's frame, weights that fit."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from torch import Tensor, nn

BATCH_NORM: Dict[str, Any] = {"type": "BN", "requires_grad": True}


def build_norm(norm_cfg: Mapping[str, Any], channels: int) -> nn.Module:
    """A norm, from a config as mmdetection writes it.

    Args:
        norm_cfg: `type` is BN, SyncBN or GN; `requires_grad` False keeps its weights as they are;
            all else goes to the norm. GN has `num_groups` groups (32), or the largest divisor of
            that number that divides the channels too.

    Raises:
        ValueError: there is no such type.
    """
    options = dict(norm_cfg)
    kind, trained = options.pop("type"), options.pop("requires_grad", True)
    if kind == "GN":
        norm: nn.Module = nn.GroupNorm(
            math.gcd(options.pop("num_groups", 32), channels), channels, **options
        )
    elif kind in ("BN", "BN2d", "SyncBN"):
        norm = (nn.SyncBatchNorm if kind == "SyncBN" else nn.BatchNorm2d)(channels, **options)
    else:
        raise ValueError(f"norm_cfg: type {kind!r} must be BN, SyncBN or GN")
    for parameter in norm.parameters():
        parameter.requires_grad = trained
    return norm


def initialise(network: nn.Module) -> None:
    """Random weights, as torchvision gives its ResNets, VGGs and MobileNets."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.BatchNorm2d, nn.SyncBatchNorm, nn.GroupNorm)):
            module.reset_parameters()


class Backbone(nn.Module):
    """A network that returns maps, the largest first, and of which a part may be frozen.

    Attributes:
        frozen_stages: -1 trains everything, k freezes the blocks 0 to k: no gradient, and their
            BatchNorm does not follow the batches. A change takes effect with `train()`.
        norm_eval: no BatchNorm follows the batches, in training too.
    """

    frozen_stages = -1
    norm_eval = False

    def blocks(self) -> List[List[nn.Module]]:
        """The parts that can be frozen one after the other, the stem first."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> Backbone:
        """Set to training; what is frozen stays in evaluation."""
        super().train(mode)
        for block in self.blocks()[: self.frozen_stages + 1]:
            for module in block:
                module.eval()
                for parameter in module.parameters():
                    parameter.requires_grad = False
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, (nn.BatchNorm2d, nn.SyncBatchNorm)):
                    module.eval()
        return self

    def load_resnet(self, state_dict: Mapping[str, Any]) -> List[str]:
        """Take over the weights that fit; return their names. See `load_fitting`."""
        return load_fitting(self, state_dict)


class ResidualNetwork(Backbone):
    """A 7x7 stem with stride 2, a max pool with stride 2, and layers 1, 2, ... of blocks.

    The maps of the layers at `out_indices` (0 is layer 1) are returned.

    Args:
        layers: the layers, as modules.
        channels: what each of them returns.
        norm_cfg: see `build_norm`.
        out_indices: the layers whose maps are returned.
        frozen_stages: -1 trains everything, 0 freezes the stem, k also the layers 1 to k.
        norm_eval: see `Backbone`.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        channels: Sequence[int],
        norm_cfg: Mapping[str, Any],
        out_indices: Sequence[int],
        frozen_stages: int,
        norm_eval: bool,
    ) -> None:
        super().__init__()
        if not out_indices or not set(out_indices) <= set(range(len(layers))):
            raise ValueError(f"out_indices={out_indices}: there are {len(layers)} layers")
        if not -1 <= frozen_stages <= len(layers):
            raise ValueError(f"frozen_stages={frozen_stages} must be -1 to {len(layers)}")
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = build_norm(norm_cfg, 64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layers = [f"layer{number}" for number, _ in enumerate(layers, 1)]
        for name, layer in zip(self.layers, layers):
            self.add_module(name, layer)
        self.out_indices = tuple(sorted(out_indices))
        self.out_channels = tuple(channels[index] for index in self.out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        initialise(self)
        self.train()

    def blocks(self) -> List[List[nn.Module]]:
        """The stem, and each layer."""
        return [[self.conv1, self.bn1], *([getattr(self, name)] for name in self.layers)]

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The maps of the layers at `out_indices`."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps = []
        for index, name in enumerate(self.layers[: self.out_indices[-1] + 1]):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                maps.append(x)
        return tuple(maps)


def load_fitting(network: nn.Module, state_dict: Mapping[str, Any]) -> List[str]:
    """Take over weights from a state dict, module by module.

    A module's weights are taken if the state dict has all of them, in their shapes, and no other:
    a BatchNorm's are not taken for a GroupNorm.

    Returns:
        The names of those taken.
    """
    own, given = _by_module(network.state_dict()), _by_module(state_dict)
    taken = {
        f"{module}.{last}": value
        for module, tensors in own.items()
        if _shapes(tensors) == _shapes(given.get(module, {}))
        for last, value in given[module].items()
    }
    network.load_state_dict(taken, strict=False)
    return list(taken)


def weight_names(network: nn.Module) -> List[str]:
    """The names of a network's weights and statistics."""
    return _counted(network.state_dict())


def _counted(state_dict: Mapping[str, Any]) -> List[str]:
    """The names without a BatchNorm's count of batches, which old files do not have."""
    return [name for name in state_dict if not name.endswith("num_batches_tracked")]


def _by_module(state_dict: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    found: Dict[str, Dict[str, Any]] = {}
    for name in _counted(state_dict):
        module, _, last = name.rpartition(".")
        found.setdefault(module, {})[last] = state_dict[name]
    return found


def _shapes(tensors: Mapping[str, Any]) -> Dict[str, Tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}
