"""Detectors on other backbones, in the real mmdetection 2 and 3: built, loaded, frozen, run."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated import render, spec, unique, write_files
from smoke_data import EVERY

pytest.importorskip("torch")
import torch
from torch import nn

from dataforge.frameworks import PlannedFile, TrainSpec, get_framework
from dataforge.frameworks.mm import model_of, small_model
from dataforge.models import get_network, networks

pytestmark = pytest.mark.filterwarnings("ignore")

every = pytest.mark.parametrize("framework", EVERY[:2])
for_mm = [name for name in networks() if get_network(name).mmdet]

Build = Callable[..., Any]


def registry(framework: str) -> Any:
    """The registry that mmdetection builds models from."""
    if framework == "mmdet2":
        return importlib.import_module("mmdet.models.builder").MODELS
    importlib.import_module("mmdet.utils").register_all_modules()
    return importlib.import_module("mmdet.registry").MODELS


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """(framework, **train) -> the generated config, loaded by the framework."""

    def load(framework: str, **train: Any) -> Any:
        registry(framework)
        dataset = spec(unique(), format="coco", has_masks=True)
        out = tmp_path / dataset.key
        files = render(dataset, framework, **train)
        write_files(out, (PlannedFile(*item) for item in files.items()), monkeypatch)
        (config,) = [path for path in files if f"/{dataset.key}/" in path]
        library = "mmcv" if framework == "mmdet2" else "mmengine.config"
        return importlib.import_module(library).Config.fromfile(str(out / config))

    return load


def built(framework: str, config: Any) -> Any:
    """The detector; nothing is downloaded."""
    torch.manual_seed(0)
    return registry(framework).build(copy.deepcopy(config))


def pyramid(model: Any, size: int = 128) -> list[torch.Tensor]:
    """The maps of the neck for a random image."""
    model.eval()
    with torch.no_grad():
        return list(model.neck(model.backbone(torch.rand(1, 3, size, size))))


CASES: list[tuple[str, str, dict[str, Any]]] = [
    *[("faster_rcnn_r50_fpn", name, {}) for name in for_mm],
    ("mask_rcnn_r50_fpn", "detnet59", {}),
    ("cascade_rcnn_r50_fpn", "detnet59", {}),
    ("retinanet_r50_fpn", "detnet59", {}),
    ("cascade_rcnn_r50_fpn", "res2net50_26w_6s", {}),
    ("retinanet_r50_fpn", "resnet18", {}),
    ("mask_rcnn_r50_fpn", "resnet50", {"neck.start_level": 1, "neck.add_extra_convs": "on_input"}),
    ("cascade_rcnn_r50_fpn", "resnet50", {"neck.out_channels": 64, "neck.end_level": 2}),
    ("faster_rcnn_r50_fpn", "resnet50", {"backbone.out_indices": [2, 3], "neck.num_outs": 3}),
    (
        "faster_rcnn_r50_fpn",
        "resnet50",
        {"backbone.strides": [1, 2, 2, 1], "backbone.dilations": [1, 1, 1, 2]},
    ),
    ("mask_rcnn_r50_fpn", "detnet59", {"neck.start_level": 1, "neck.num_outs": 6}),
    ("retinanet_r50_fpn", "resnet50", {"anchor_generator.scales": [4, 8]}),
]


@every
@pytest.mark.parametrize(("base", "backbone", "settings"), CASES)
def test_levels_anchors_and_rois_fit(
    framework: str, base: str, backbone: str, settings: dict[str, Any], configured: Build
) -> None:
    given = {"base": base, "backbone": backbone, "settings": settings}
    config = configured(framework, **given)
    model = built(framework, small_model(config.model, random=False))
    maps = pyramid(model)
    dense = model.bbox_head if base.startswith("retina") else model.rpn_head
    generator = getattr(dense, "prior_generator", None) or dense.anchor_generator
    strides = [stride[0] for stride in generator.strides]
    assert [128 / one.shape[-1] for one in maps] == strides
    assert len({*generator.base_sizes}) == len(strides)
    if not base.startswith("retina"):
        boxes = model.roi_head.bbox_roi_extractor
        extractors = [*boxes] if base.startswith("cascade") else [boxes]
        if base.startswith("mask"):
            extractors.append(model.roi_head.mask_roi_extractor)
        for extractor in extractors:
            assert list(extractor.featmap_strides) == strides[: len(extractor.featmap_strides)]
            assert extractor.finest_scale == 14 * strides[0]
            assert extractor.out_channels == maps[0].shape[1]
    expected = model_of(get_framework(framework), spec("Any"), TrainSpec(**given))
    assert expected.anchors["strides"] == strides


@pytest.mark.parametrize("framework", EVERY[1:2])
def test_both_styles_of_mmdet3_say_the_same(framework: str, configured: Build) -> None:
    train = {
        "base": "cascade_rcnn_r50_fpn",
        "backbone": "res2net50_26w_6s",
        "init": "random",
        "settings": {"neck.start_level": 1, "neck.out_channels": 128},
    }
    lazy = built(framework, configured(framework, style="lazy", **train).model)
    classic = built(framework, configured(framework, **train).model)
    shapes = [
        {name: value.shape for name, value in one.state_dict().items()} for one in (lazy, classic)
    ]
    assert shapes[0] == shapes[1]


# Weights ----------------------------------------------------------------------------------------


def resnet50_file(folder: Path) -> Path:
    """Random weights of torchvision's ResNet-50, in a file."""
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(7)
    path = folder / "resnet50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), path)
    return path


@every
def test_detnet_loads_a_resnet_where_it_fits(
    framework: str, tmp_path: Path, configured: Build
) -> None:
    path = resnet50_file(tmp_path)
    config = configured(framework, backbone="detnet59", weights=str(path), frozen_stages=2)
    model = built(framework, config.model)
    model.init_weights()
    given = torch.load(path)
    own = model.backbone.state_dict()
    for name in ("conv1.weight", "layer1.0.conv1.weight", "layer3.5.bn3.running_var"):
        assert torch.equal(own[name], given[name]), name
    assert own["layer4.0.conv1.weight"].shape != given["layer4.0.conv1.weight"].shape
    model.train()
    frozen = {
        name.split(".")[0]
        for name, value in model.backbone.named_parameters()
        if not value.requires_grad
    }
    assert frozen == {"conv1", "bn1", "layer1", "layer2"}
    assert not any(
        layer.training for layer in model.backbone.modules() if isinstance(layer, nn.BatchNorm2d)
    )


@every
def test_weights_that_do_not_fit_at_all(framework: str, tmp_path: Path, configured: Build) -> None:
    path = tmp_path / "other.pth"
    torch.save({"x.weight": torch.zeros(3)}, path)
    config = configured(framework, backbone="detnet59", weights=str(path))
    with pytest.raises(ValueError, match=r"other\.pth: no weights in it fit DetNet"):
        built(framework, config.model).init_weights()


@every
def test_resnet_and_its_weights_by_file(framework: str, tmp_path: Path, configured: Build) -> None:
    """The same weights give torchvision's own outputs: mmdetection 2 and 3 are equal to it."""
    torchvision = pytest.importorskip("torchvision")
    path = resnet50_file(tmp_path)
    config = configured(framework, weights=str(path))
    model = built(framework, config.model)
    model.init_weights()
    theirs = torchvision.models.resnet50(weights=None)
    theirs.load_state_dict(torch.load(path))
    theirs.eval()
    model.eval()
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        ours = model.backbone(image)
        x = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(image))))
        for number, found in enumerate(ours, 1):
            x = getattr(theirs, f"layer{number}")(x)
            torch.testing.assert_close(found, x)


@every
@pytest.mark.parametrize(
    ("backbone", "module", "name"),
    [
        ("detnet59", "dataforge.models.detnet", "DetNet"),
        ("res2net50_26w_6s", "dataforge.models.res2net", "PlainRes2Net"),
    ],
)
def test_the_plain_network_gives_the_same_outputs(
    framework: str, backbone: str, module: str, name: str, configured: Build
) -> None:
    config = configured(framework, backbone=backbone).model
    model = built(framework, small_model(config, random=False))
    arguments = {key: value for key, value in config.backbone.items() if key != "init_cfg"}
    arguments.pop("type")
    plain = getattr(importlib.import_module(module), name)(**arguments)
    plain.load_state_dict(model.backbone.state_dict())
    plain.eval()
    model.eval()
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        for ours, theirs in zip(model.backbone(image), plain(image), strict=True):
            assert torch.equal(ours, theirs)


# The proof's model ------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("backbone", for_mm)
def test_the_proof_trains_every_backbone_from_random_weights(
    framework: str, backbone: str, configured: Build
) -> None:
    config = configured(framework, backbone=backbone)
    small = small_model(config.model, random=True)
    model = built(framework, small)
    model.train()
    assert all(value.requires_grad for value in model.backbone.parameters())
    kinds = {type(layer) for layer in model.backbone.modules()}
    assert nn.GroupNorm in kinds
    assert nn.BatchNorm2d not in kinds
    assert not small.backbone.get("init_cfg")


STOCK = [
    {"type": "MobileNetV2", "out_indices": (2, 4, 6)},
    {"type": "RegNet", "arch": "regnetx_400mf", "out_indices": (0, 1, 2, 3)},
    {"type": "ResNeXt", "depth": 50, "groups": 32, "base_width": 4},
    {"type": "ResNetV1d", "depth": 50, "frozen_stages": 1},
    {"type": "Res2Net", "depth": 101, "scales": 4, "base_width": 26},
    {"type": "CSPDarknet", "arch": "P5"},
    {"type": "SSDVGG", "depth": 16, "ceil_mode": True, "out_indices": (3, 4)},  # has no norm
    {"type": "SwinTransformer", "embed_dims": 48, "depths": [1, 1, 1, 1], "frozen_stages": 2},
]


@every
@pytest.mark.parametrize("backbone", STOCK, ids=lambda row: row["type"])
def test_the_proof_trains_backbones_of_mmdetection(
    framework: str, backbone: dict[str, Any]
) -> None:
    models = registry(framework)
    config = {"backbone": {**backbone, "init_cfg": {"type": "Pretrained", "checkpoint": "x"}}}
    given = small_model(config, random=True)["backbone"]
    made = models.build(copy.deepcopy(given))
    made.train()
    assert all(value.requires_grad for value in made.parameters())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in made.modules())
