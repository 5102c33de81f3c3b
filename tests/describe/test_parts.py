"""Stages, strides, weights and multiply-adds of models of plain torch, worked out by hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from dataforge.frameworks import LevelAnchors, LiveModel, Sizing
from dataforge.verbs.describe.measuring import measure
from dataforge.verbs.describe.parts import Parts


class Live(LiveModel):
    """A model of plain torch."""

    def __init__(self, model: nn.Module, backbone: str = "backbone", neck: str | None = None):
        self.model, self.backbone, self.neck = model.eval(), backbone, neck
        self.sizing = Sizing()

    def run(self, image: Path) -> tuple[float, float]:
        raise NotImplementedError

    def run_blank(self, width: int, height: int) -> None:
        self.model(torch.zeros(1, 3, height, width))

    def extract_blank(self, width: int, height: int) -> None:
        self.model.backbone(torch.zeros(1, 3, height, width))

    def anchors(self, strides: Sequence[float]) -> Sequence[LevelAnchors]:
        return []


def parts(live: Live, width: int = 64, height: int = 32) -> Parts:
    ran = measure(live, (width, height), live.run_blank)
    live.model.train()
    return Parts(live, ran, (width, height))


def conv(*channels: int, stride: int = 1, **more: Any) -> nn.Conv2d:
    return nn.Conv2d(*channels, 3, stride, 1, bias=False, **more)


class Model(nn.Module):
    """A backbone under the name `backbone`, what comes after it in order."""

    def __init__(self, backbone: nn.Module, **after: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        for name, module in after.items():
            self.add_module(name, module)

    def forward(self, value: Any) -> Any:
        for module in self.children():
            value = module(value)
        return value


class Residual(nn.Module):
    """conv1, bn1, relu, maxpool and two stages as in a ResNet, the first frozen as in mmdet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(conv(8, 16), nn.BatchNorm2d(16))
        self.layer2 = nn.Sequential(conv(16, 32, stride=2, groups=4), nn.BatchNorm2d(32))
        self.fc = nn.Linear(32, 5)

    def forward(self, value: Any) -> Any:
        value = self.maxpool(self.relu(self.bn1(self.conv1(value))))
        value = self.layer1(value)
        return value, self.layer2(value)

    def train(self, mode: bool = True) -> Residual:
        super().train(mode)
        for one in (self.conv1, self.bn1):
            one.eval()
            one.requires_grad_(False)
        self.layer2[1].eval()
        self.layer1[0].requires_grad_(False)
        return self


def test_stages_of_a_resnet() -> None:
    stem, layer1, layer2, fc = parts(Live(Model(Residual()))).stages()
    assert [part.name for part in (stem, layer1, layer2, fc)] == ["stem", "layer1", "layer2", "fc"]
    prefix = "backbone."
    assert stem.modules == [f"{prefix}{name}" for name in ("conv1", "bn1", "relu", "maxpool")]
    assert (stem.outputs, stem.stride) == ([[8, 8, 16]], 4)
    assert (stem.parameters, stem.trained, stem.statistics) == (3 * 8 * 49 + 16, "frozen", "fixed")
    assert stem.multiply_adds == 3 * 8 * 49 * 16 * 32
    assert (layer1.outputs, layer1.stride) == ([[16, 8, 16]], 4)
    assert (layer1.parameters, layer1.trainable) == (8 * 16 * 9 + 32, 32)
    assert (layer1.trained, layer1.statistics) == ("partly", "updated")
    assert layer1.multiply_adds == 8 * 16 * 9 * 8 * 16
    # Groups of 4: each of the 32 outputs sees 4 of the 16 inputs.
    assert (layer2.outputs, layer2.stride) == ([[32, 4, 8]], 8)
    assert (layer2.trained, layer2.statistics) == ("trained", "fixed")
    assert layer2.multiply_adds == 4 * 32 * 9 * 4 * 8
    # It did not run, and has parameters all the same.
    assert (fc.parameters, fc.outputs, fc.multiply_adds) == (32 * 5 + 5, [], None)


def test_numbered_layers_join_by_stride() -> None:
    """As in a VGG: flat, pooled between its stages."""
    features = nn.Sequential(
        conv(3, 4), nn.ReLU(inplace=True), conv(4, 4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        conv(4, 8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
    )  # fmt: skip
    found = parts(Live(Model(features))).stages()
    assert [(part.name, part.outputs, part.stride) for part in found] == [
        ("0-3", [[4, 32, 64]], 1),
        ("4-6", [[8, 16, 32]], 2),
        ("7", [[8, 8, 16]], 4),
    ]
    assert found[1].multiply_adds == 4 * 8 * 9 * 16 * 32


def test_stages_in_a_list_are_found() -> None:
    """A ModuleList does not run itself; a pooling layer joins what it pools."""

    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(conv(3, 4, stride=2), nn.ReLU())
            self.maxpool = nn.MaxPool2d(2)
            self.stages = nn.ModuleList(
                nn.Sequential(conv(4, 4, stride=2), nn.ReLU()) for _ in range(3)
            )

        def forward(self, value: Any) -> Any:
            value = self.maxpool(self.stem(value))
            return [value := stage(value) for stage in self.stages]

    found = parts(Live(Model(Listed())), 128, 128).stages()
    assert [(part.name, part.stride) for part in found] == [
        ("stem", 4), ("stages.0", 8), ("stages.1", 16), ("stages.2", 32),
    ]  # fmt: skip


class Pyramid(nn.Module):
    """Levels as a dictionary, and one more."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(32, 6, 1)

    def forward(self, levels: Any) -> Any:
        top = self.lateral(levels[-1])
        return OrderedDict(one=top, two=nn.functional.max_pool2d(top, 1, 2))


class Heads(nn.Module):
    """One part on the image, and one on 7 boxes."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Conv2d(6, 2, 1)
        self.boxes = nn.Linear(6, 3)

    def forward(self, levels: Any) -> Any:
        self.dense(levels["one"])
        return self.boxes(levels["one"][0, :, 0, 0].expand(7, 6))


def test_levels_and_heads() -> None:
    live = Live(Model(Residual(), neck=Pyramid(), head=Heads()), neck="neck")
    found = parts(live)
    found.stages()
    neck = found.neck()
    assert neck is not None
    assert (neck.name, neck.parameters, neck.multiply_adds) == ("neck", 32 * 6 + 6, 32 * 6 * 32)
    assert [(level.name, level.shape, level.stride) for level in found.levels()] == [
        ("P3", [6, 4, 8], 8),
        ("P4", [6, 2, 4], 16),
    ]
    dense, boxes = found.heads()
    assert (dense.name, dense.boxes, dense.multiply_adds) == ("head.dense", None, 6 * 2 * 32)
    assert (boxes.name, boxes.boxes, boxes.multiply_adds) == ("head.boxes", 7, 7 * 6 * 3)


def test_a_head_that_is_not_called_itself_is_one_part() -> None:
    """As RetinaNet's of mmdet 3, whose `predict` is called; only what runs on boxes is apart."""

    class Called(Model):
        def forward(self, value: Any) -> Any:
            levels = self.neck(self.backbone(value))
            self.dense_head[1](self.dense_head[0](levels["one"]))
            return self.roi_head["boxes"](levels["one"][0, :, 0, 0].expand(7, 6))

    dense = nn.ModuleList([nn.Conv2d(6, 2, 1), nn.Conv2d(2, 2, 1)])
    roi = nn.ModuleDict({"boxes": nn.Linear(6, 3), "unused": nn.Linear(2, 2)})
    model = Called(Residual(), neck=Pyramid(), dense_head=dense, roi_head=roi)
    heads = parts(Live(model, neck="neck")).heads()
    assert [(part.name, part.boxes, part.multiply_adds) for part in heads] == [
        ("dense_head", None, (6 * 2 + 2 * 2) * 32),
        ("roi_head.boxes", 7, 7 * 6 * 3),
        ("roi_head.unused", None, None),
    ]


def test_without_a_neck_the_levels_are_those_of_the_backbone() -> None:
    found = parts(Live(Model(Residual())))
    assert [level.name for level in found.levels()] == ["C2", "C3"]


def test_three_levels_may_share_a_stride() -> None:
    """As in DetNet."""

    class Dilated(nn.Module):
        def forward(self, value: Any) -> Any:
            value = nn.functional.avg_pool2d(value, 8)
            return value, value, value

    found = parts(Live(Model(Dilated(), neck=nn.Identity()), neck="neck"))
    assert [(level.name, level.stride) for level in found.levels()] == [
        ("P3", 8), ("P4", 8), ("P5", 8),
    ]  # fmt: skip


def test_shared_parameters_count_once() -> None:
    layer = conv(3, 3)
    model = Model(nn.Sequential(layer), again=nn.Sequential(layer))
    found = parts(Live(model))
    (stage,) = found.stages()
    assert stage.parameters == 81
    assert found.heads() == []


def test_no_hook_stays() -> None:
    live = Live(Model(Residual()))
    parts(live)

    def fail(value: Any) -> Any:
        raise RuntimeError

    live.model.backbone.layer2.forward = fail
    live.model.eval()
    with pytest.raises(RuntimeError):
        measure(live, (64, 32), live.run_blank)
    kinds = ("_forward_hooks", "_forward_pre_hooks")
    assert not any(getattr(one, kind) for one in live.model.modules() for kind in kinds)


@pytest.mark.parametrize(
    ("size", "stride"),
    [((64, 32), 8.0), ((100, 75), 8.0), ((300, 300), 8.0), ((64, 9), 8.0)],
)
def test_strides_of_sides_that_are_no_multiples(size: tuple[int, int], stride: float) -> None:
    """Three convolutions of stride 2, which round up."""
    backbone = nn.Sequential(*(conv(3, 3, stride=2) for _ in range(3)))
    (*_, last) = parts(Live(Model(backbone)), *size).stages()
    assert last.stride == stride


def test_a_stride_that_is_no_power_of_two() -> None:
    backbone = nn.Sequential(OrderedDict(patches=nn.Conv2d(3, 3, 14, 14)))
    (only,) = parts(Live(Model(backbone)), 140, 280).stages()
    assert (only.stride, only.outputs) == (14, [[3, 20, 10]])


def test_frozen_batch_norm_is_fixed() -> None:
    ops = pytest.importorskip("torchvision.ops")
    backbone = nn.Sequential(
        OrderedDict(
            one=nn.Sequential(conv(3, 3), ops.FrozenBatchNorm2d(3)),
            two=nn.Sequential(conv(3, 3), nn.BatchNorm2d(3)),
            three=nn.Sequential(nn.BatchNorm2d(3), ops.FrozenBatchNorm2d(3)),
            four=nn.Sequential(nn.GroupNorm(3, 3)),
        )
    )
    found = parts(Live(Model(backbone))).stages()
    assert [part.statistics for part in found] == ["fixed", "updated", "partly", ""]


def test_linear_layers_count_as_their_products() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mlp = nn.Linear(3, 10)

        def forward(self, value: Any) -> Any:
            return self.mlp(value.flatten(2).transpose(1, 2))

    (mlp,) = parts(Live(Model(Tokens()))).stages()
    assert mlp.multiply_adds == 3 * 10 * 64 * 32
    assert (mlp.stride, mlp.outputs) == (None, [[1, 2048, 10]])
