"""torchvision's detectors on the networks: bodies, norms, weights of files, RoIs, anchors."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from models.networks import build, random_state
from torch import nn
from torchvision import models, ops

from dataforge.models.detection import (
    DETECTORS,
    RoIAlignBySize,
    build_detector,
    classifier_body,
    load_weights,
    read_weights,
    settle,
    share,
)
from dataforge.models.detnet import DetNet, DetNetFPN
from dataforge.models.parts import weight_names

# Bodies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "vgg16_bn", "mobilenet_v3_large"])
def test_a_body_returns_what_the_classifier_computes(name: str) -> None:
    """The same weights, and maps after the activation: no value is below that of its activation."""
    body = classifier_body(name).eval()
    with torch.device("meta"):  # what it begins with is overwritten
        classifier = models.get_model(name, weights=None).eval()
    heads = ("fc", "classifier")
    names = [path for path in weight_names(classifier) if not path.startswith(heads)]
    state = classifier.state_dict()
    weights = random_state({path: tuple(state[path].shape) for path in names})
    classifier.to_empty(device="cpu").load_state_dict(weights, strict=False)
    assert load_weights(body, weights) == names == weight_names(body)
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected = by_hand(classifier, name, image)
        maps = body(image)
    assert len(maps) == 4
    for one, other in zip(maps, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
        assert one.min() >= (-0.376 if name.startswith("mobilenet") else 0)  # Hardswish, ReLU
        assert one.std() > 0


def by_hand(classifier: Any, name: str, image: torch.Tensor) -> list[torch.Tensor]:
    """The four maps, cut out by the numbers of torchvision's modules."""
    if name == "resnet18":
        x = classifier.maxpool(classifier.relu(classifier.bn1(classifier.conv1(image))))
        parts = [classifier.layer1, classifier.layer2, classifier.layer3, classifier.layer4]
        return [*itertools.accumulate(parts, lambda x, part: part(x), initial=x)][1:]
    layers = classifier.features
    if name == "mobilenet_v3_large":
        return [
            *(layers[cut].block[0](layers[:cut](image)) for cut in (4, 7, 13)),
            layers(image),
        ]
    ends = (16, 23, 30, 31) if name == "vgg16" else (23, 33, 43, 44)
    return [layers[:end](image) for end in ends]


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "mobilenet_v3_large"])
def test_random_weights_are_torchvisions(name: str) -> None:
    """The same distribution of each tensor, and statistics that have seen nothing."""
    state = models.get_model(name, weights=None).state_dict()
    for path, value in classifier_body(name).state_dict().items():
        if value.numel() > 10000:
            assert float(value.std()) == pytest.approx(float(state[path].std()), rel=0.1)
        elif value.ndim == 1:
            assert torch.equal(value, state[path]), path


def test_the_blocks_of_vgg_are_its_five_groups_of_convolutions() -> None:
    counts = [
        sum(isinstance(module, nn.Conv2d) for module in block)
        for block in classifier_body("vgg16").blocks()
    ]
    assert counts == [2, 2, 3, 3, 3]


def test_a_network_that_is_no_body() -> None:
    with pytest.raises(ValueError, match="alexnet is no ResNet, VGG or MobileNetV3"):
        classifier_body("alexnet")


@pytest.mark.parametrize(
    "name", ["resnet18", "vgg16", "vgg16_bn", "mobilenet_v3_large", "detnet59"]
)
@pytest.mark.parametrize("trainable", [0, 3])
def test_trainable_layers_are_counted_from_the_end(name: str, trainable: int) -> None:
    body = build(name)
    settle(body, weight_names(body), trainable)
    if trainable:
        sum(one.mean() for one in body(torch.rand(1, 3, 64, 64))).backward()
    count = len(body.blocks())
    for index, block in enumerate(body.blocks()):
        parameters = [parameter for module in block for parameter in module.parameters()]
        trained = index >= count - trainable
        assert parameters
        assert {parameter.requires_grad for parameter in parameters} == {trained}
        assert {parameter.grad is not None for parameter in parameters} == {trained}
    with pytest.raises(ValueError, match=f"the backbone has {count}"):
        settle(body, [], count + 1)


def test_random_weights_are_not_frozen() -> None:
    body = DetNet()
    taken = load_weights(body, models.resnet50().state_dict())
    with pytest.raises(ValueError, match=r"1 trainable blocks: layer4\.0\.conv1\.weight is random"):
        settle(body, taken, trainable=1)
    settle(body, taken, trainable=2)
    with pytest.raises(ValueError, match=r"conv1\.weight is random"):
        settle(DetNet(), [], trainable=5)


def test_a_norm_follows_from_where_its_weights_are_from() -> None:
    body = DetNet()
    taken = load_weights(body, models.resnet50().state_dict())
    assert share(body, taken) == "215 of 315 tensors of the backbone"
    settle(body, taken, trainable=4)
    kinds = {
        name: {type(m) for m in getattr(body, name).modules() if "Norm" in type(m).__name__}
        for name in body.layers
    }
    frozen, group = {ops.FrozenBatchNorm2d}, {nn.GroupNorm}
    assert [*kinds.values()] == [frozen, frozen, frozen, group, group]
    assert isinstance(body.bn1, ops.FrozenBatchNorm2d)


# Weights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "state_dict", "model", "parallel", "detector"])
def test_weights_of_a_file(tmp_path: Path, form: str) -> None:
    source = classifier_body("resnet18")
    state = source.state_dict()
    prefix = {"parallel": "module.", "detector": "backbone.body."}.get(form, "")
    content = {prefix + name: value for name, value in state.items()}
    if form == "detector":
        content = {"backbone.fpn.weight": torch.zeros(1), **content}
    if form in ("state_dict", "model"):
        content = {form: content, "epoch": 3}
    torch.save(content, tmp_path / "w.pth")
    body = classifier_body("resnet18")
    taken = load_weights(body, read_weights(str(tmp_path / "w.pth")))
    assert taken == weight_names(body)
    assert torch.equal(body.layer4[1].conv2.weight, source.layer4[1].conv2.weight)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none of the \d+ tensors fits the backbone"):
        load_weights(classifier_body("vgg16"), classifier_body("resnet18").state_dict())
    torch.save({"state_dict": {"a": 1}}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="expected tensors by name"):
        read_weights(str(tmp_path / "w.pth"))


# Detectors --------------------------------------------------------------------------------------


def boxes(*sizes: float) -> torch.Tensor:
    return torch.tensor([[5.0, 7.0, 5 + size, 7 + size] for size in sizes]).reshape(-1, 4)


def test_rois_go_where_torchvision_sends_them() -> None:
    """With strides that double the maps are found, and cut, as torchvision does it."""
    generator = torch.Generator().manual_seed(0)
    sides = [256, 128, 64, 32]
    maps = {str(i): torch.rand(2, 8, s, s, generator=generator) for i, s in enumerate(sides)}
    found = [boxes(20, 100, 112, 150, 223), boxes(225, 300, 447, 449, 900)]
    shapes = [(1024, 1024), (1000, 1024)]
    expected = ops.MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)(maps, found, shapes)
    ours = RoIAlignBySize((4, 8, 16, 32), 7)(maps, found, shapes)
    assert torch.allclose(ours, expected, atol=1e-5)


def test_rois_use_each_map_of_detnet() -> None:
    pool = RoIAlignBySize((4, 8, 16, 16), 7)
    sizes = [16, 111, 113, 223, 225, 447, 449, 5000]
    assert pool.levels(boxes(*sizes)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    maps = {
        str(level): torch.full((1, 8, s, s), float(level))
        for level, s in enumerate((128, 64, 32, 32))
    }
    cut = pool(maps, [boxes(100, 200, 300, 450)], [(512, 512)])
    assert cut[:, 0, 3, 3].tolist() == [0, 1, 2, 3]
    assert pool(maps, [boxes()], [(512, 512)]).shape == (0, 8, 7, 7)


def test_rois_in_half_precision_are_where_they_were() -> None:
    """From column 251 on there are ones; in bfloat16, a corner at 1001 px would be at 1000."""
    ones = (torch.arange(256.0) >= 251).float().expand(1, 1, 256, 256)
    pool = RoIAlignBySize((4,), 1)
    at = [torch.tensor([[1001.0, 1001.0, 1009.0, 1009.0]])]
    for dtype in (torch.float32, torch.bfloat16):
        found = pool({"0": ones.to(dtype)}, at, [(1024, 1024)])
        assert found.dtype == dtype
        # Of the columns 250.25 to 252.25, two points: 250.75 and 251.75.
        assert float(found) == (0.75 + 1) / 2


FEW = {"min_size": 64, "max_size": 64, "box_detections_per_img": 3}  # so that heads are quick
FEW_PROPOSALS = {"rpn_post_nms_top_n_train": 20, "rpn_post_nms_top_n_test": 20}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *itertools.product(["detnet59", "resnet18"], DETECTORS),
        ("vgg16", "fasterrcnn"),
        ("mobilenet_v3_large", "retinanet"),
    ],
)
def test_a_detector_learns_and_detects(name: str, kind: str) -> None:
    """All that is trained gets a gradient; each map has anchors of its own size."""
    torch.manual_seed(0)
    body = build(name)
    settle(body, [], len(body.blocks()))
    neck = DetNetFPN if name == "detnet59" else None
    options = {**FEW, **({} if kind == "retinanet" else FEW_PROPOSALS)}
    if kind == "retinanet":
        options["detections_per_img"] = options.pop("box_detections_per_img")
    model = build_detector(kind, body, 4, neck, **options)
    images = [torch.rand(3, 128, 96)]
    target = {
        "boxes": torch.tensor([[10.0, 10.0, 60.0, 60.0]]),
        "labels": torch.tensor([1]),
        "masks": torch.ones(1, 128, 96, dtype=torch.uint8),
    }
    sum(model(images, [target]).values()).backward()
    for path, parameter in model.named_parameters():
        # RoIs of this one small image are on the first map alone.
        assert parameter.grad is not None, path
    model.eval()
    with torch.no_grad():
        (found,) = model(images)
        maps = model.backbone(torch.rand(1, 3, 128, 128))
    assert ("masks" in found) == (kind == "maskrcnn")
    dense = kind == "retinanet"
    strides = {
        ("detnet59", False): [4, 8, 16, 16, 16],
        ("detnet59", True): [8, 16, 16, 16, 32],
    }.get((name, dense), [8, 16, 32, 64, 128] if dense else [4, 8, 16, 32, 64])
    assert [128 // one.shape[-1] for one in maps.values()] == strides
    generator = model.anchor_generator if dense else model.rpn.anchor_generator
    areas = [
        (cell[:, 2] - cell[:, 0]) * (cell[:, 3] - cell[:, 1]) for cell in generator.cell_anchors
    ]
    smallest = [round(float(area.min()) ** 0.5 / 32) for area in areas]
    assert smallest == [1, 2, 4, 8, 16]


def test_a_wrapped_network_returns_what_the_plain_one_does() -> None:
    """FrozenBatchNorm in a detector, BatchNorm in evaluation outside it: the same numbers."""
    plain = DetNet()
    shapes = {name: tuple(plain.state_dict()[name].shape) for name in weight_names(plain)}
    state = random_state(shapes)
    plain.load_state_dict(state, strict=False)
    body = DetNet()
    settle(body, load_weights(body, state), trainable=4)
    model = build_detector("fasterrcnn", body, 4, DetNetFPN)
    neck = DetNetFPN(plain.out_channels, 256)
    neck.load_state_dict(model.backbone.fpn.state_dict())
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        for one, other in zip(model.train().backbone.body(image), plain.eval()(image), strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)
        maps = model.backbone(image)
        assert [*maps] == ["0", "1", "2", "3", "4"]
        for one, other in zip(maps.values(), neck(plain(image)), strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)
