"""The generated script of torchvision on other networks: weights of a file, what is trained."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generated import planned, write_files
from helpers import picture, voc_object, voc_xml, write

pytest.importorskip("torchvision.tv_tensors")
import torch
from torch import nn
from torchvision.models import get_model
from torchvision.models._api import WeightsEnum
from torchvision.ops import FrozenBatchNorm2d

SMALL = ["--size", "64", "96", "--workers", "0", "--device", "cpu"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Many threads on a busy machine wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def script(tmp_path: Path, patch: pytest.MonkeyPatch, **options: Any) -> Any:
    """The training script of two images, as a module."""
    root = tmp_path / "pets"
    for id_ in ("a", "b"):
        write(root / "xml" / f"{id_}.xml", voc_xml(voc_object("cat", (11, 13, 40, 45))))
        picture(root / "img" / f"{id_}.jpg")
    for split in ("train", "val"):
        write(root / "lists" / f"{split}.txt", "a\nb\n")
    plan = planned(root, framework="torchvision", **options)
    write_files(plan.out, plan.files, patch)
    path = plan.out / plan.targets[0].config
    spec = importlib.util.spec_from_file_location(f"train_{plan.dataset.key}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kinds(module: nn.Module) -> set[type]:
    norms = (FrozenBatchNorm2d, nn.BatchNorm2d, nn.GroupNorm)
    return {type(one) for one in module.modules() if isinstance(one, norms)}


def trained(module: nn.Module) -> set[bool]:
    return {parameter.requires_grad for parameter in module.parameters()}


def test_detnet_from_an_imagenet_resnet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train = script(tmp_path, monkeypatch, backbone="detnet59")
    assert train.parse_args([]).weights_backbone == "imagenet"
    resnet = get_model("resnet50", weights=None).state_dict()
    asked = []

    def downloaded(weights: Any, **_: Any) -> Any:
        asked.append(str(weights))
        return resnet

    monkeypatch.setattr(WeightsEnum, "get_state_dict", downloaded)
    model = train.build_model("fasterrcnn_detnet59_fpn", weights_backbone="imagenet")
    assert asked == ["ResNet50_Weights.IMAGENET1K_V1"]
    assert capsys.readouterr().out == "215 of 315 tensors of the backbone are from imagenet\n"
    body = model.train().backbone.body
    assert torch.equal(body.layer3[5].conv3.weight, resnet["layer3.5.conv3.weight"])
    layers = [body.layer1, body.layer2, body.layer3, body.layer4, body.layer5]
    assert [trained(layer) for layer in layers] == [{False}, *[{True}] * 4]
    assert [kinds(layer) for layer in layers] == [
        *[{FrozenBatchNorm2d}] * 3,
        *[{nn.GroupNorm}] * 2,
    ]


def test_vgg_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vgg.pth"
    file.write_bytes(b"PK")  # as torch begins a file; its content is written below
    train = script(tmp_path, monkeypatch, backbone="vgg16", weights=str(file), frozen_stages=2)
    plain = train.classifier_body("vgg16")
    torch.save({"state_dict": plain.state_dict()}, file)
    args = train.parse_args([])
    assert (args.weights_backbone, args.trainable_layers) == (str(file), 2)
    model = train.build_model(args.model, weights_backbone=args.weights_backbone)
    assert capsys.readouterr().out == f"26 of 26 tensors of the backbone are from {file}\n"
    body = model.train().backbone.body
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for one, other in zip(body(image), plain(image), strict=True):
            assert torch.equal(one, other)
    convolutions = [layer for layer in body.features if isinstance(layer, nn.Conv2d)]
    assert [layer.weight.requires_grad for layer in convolutions] == [False] * 7 + [True] * 6
    torch.save(get_model("resnet18", weights=None).state_dict(), file)
    with pytest.raises(ValueError, match="none of the 122 tensors fits the backbone"):
        train.build_model(args.model, weights_backbone=str(file))


def test_random_weights_are_trained_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = script(tmp_path, monkeypatch, backbone="mobilenet_v3_large", init="random")
    args = train.parse_args([])
    assert args.weights_backbone == "none"
    model = train.build_model(args.model, weights_backbone="none", trainable=args.trainable_layers)
    assert trained(model) == {True}
    assert kinds(model.backbone) == {nn.GroupNorm}
    with pytest.raises(SystemExit):
        train.parse_args(["--trainable-layers", "6"])


def test_training_and_testing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = script(tmp_path, monkeypatch, backbone="resnet18", init="random")
    out = tmp_path / "runs"
    args = [*SMALL, "--output-dir", str(out), "--epochs", "1"]
    before = train.main(args)
    after = train.main([*args, "--test-only", "--resume", str(out / "epoch_1.pth")])
    assert before == after
    assert (out / "log.json").read_text().count('"mode": "train"') == 1
    content = torch.load(out / "epoch_1.pth", weights_only=True)
    assert content["base"] == "fasterrcnn_resnet18_fpn"
