"""The networks of the table, built; and the names and shapes of published weights."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from typing import Any

import torch

from dataforge.models import get_network
from dataforge.models.detection import classifier_body
from dataforge.models.parts import Backbone

Shape = tuple[int, ...]


def build(name: str, **arguments: Any) -> Backbone:
    """A network of the table, with random weights."""
    row = get_network(name)
    if not row.source:
        return classifier_body(name)
    kind = dict(row.mmdet or {}).pop("type")
    given = {key: value for key, value in (row.mmdet or {}).items() if key != "type"}
    module = importlib.import_module(f"dataforge.models.{row.source}")
    network: Backbone = getattr(module, kind)(**{**given, **arguments})
    return network


def random_state(shapes: dict[str, Shape], seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of given shapes; those of norms are near one, so that activations stay small."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        if len(shape) > 1:
            state[name] = noise / math.sqrt(math.prod(shape[1:]))
        else:
            state[name] = 1 + noise.abs() / 10 if name.endswith(("weight", "var")) else noise / 10
    return state


def norm(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    for last in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{last}", (channels,)


def published_res2net(scales: int) -> dict[str, Shape]:
    """Name -> shape of res2net50_26w_{scales}s, as Res2Net-PretrainedModels publishes it."""
    shapes: dict[str, Shape] = {"conv1.weight": (64, 3, 7, 7), **dict(norm("bn1", 64))}
    inputs = 64
    # of each layer: blocks, width of a scale, channels of the output
    for layer, (blocks, width, outputs) in enumerate(
        [(3, 26, 256), (4, 52, 512), (6, 104, 1024), (3, 208, 2048)], 1
    ):
        for block in range(blocks):
            at = f"layer{layer}.{block}"
            inner = width * scales
            shapes[f"{at}.conv1.weight"] = (inner, inputs, 1, 1)
            shapes.update(norm(f"{at}.bn1", inner))
            for scale in range(scales - 1):
                shapes[f"{at}.convs.{scale}.weight"] = (width, width, 3, 3)
                shapes.update(norm(f"{at}.bns.{scale}", width))
            shapes[f"{at}.conv3.weight"] = (outputs, inner, 1, 1)
            shapes.update(norm(f"{at}.bn3", outputs))
            if block == 0:
                shapes[f"{at}.downsample.0.weight"] = (outputs, inputs, 1, 1)
                shapes.update(norm(f"{at}.downsample.1", outputs))
            inputs = outputs
    return {**shapes, "fc.weight": (1000, 2048), "fc.bias": (1000,)}


def published_res2net_v1b() -> dict[str, Shape]:
    """The same of res2net50_v1b_26w_4s: a deep stem, and a pool before the projections."""
    shapes: dict[str, Shape] = {}
    for name, shape in published_res2net(4).items():
        if not name.startswith(("conv1.", "bn1.")):
            name = name.replace(".downsample.1.", ".downsample.2.")
            shapes[name.replace(".downsample.0.", ".downsample.1.")] = shape
    for index, (inputs, outputs) in ((0, (3, 32)), (3, (32, 32)), (6, (32, 64))):
        shapes[f"conv1.{index}.weight"] = (outputs, inputs, 3, 3)
    return {
        **shapes,
        **dict(norm("conv1.1", 32)),
        **dict(norm("conv1.4", 32)),
        **dict(norm("bn1", 64)),
    }
