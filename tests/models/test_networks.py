"""The networks: shapes, sizes and costs against published figures, freezing, gradients, weights."""

from __future__ import annotations

import copy
from itertools import product

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

import torchvision
from models.networks import build, published_res2net, published_res2net_v1b, random_state
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dataforge.models import get_network, networks
from dataforge.models.detnet import DetNet, DetNetFPN
from dataforge.models.parts import build_norm, load_fitting, weight_names
from dataforge.models.res2net import PlainRes2Net, for_mmdet

BUILT = [name for name in networks() if get_network(name).torchvision]
OWN = ["detnet59", "res2net50_26w_6s"]


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", BUILT)
def test_channels_and_strides(name: str) -> None:
    row = get_network(name)
    with torch.no_grad():
        maps = build(name).eval().to("meta")(torch.rand(1, 3, 64, 96, device="meta"))
    shapes = [tuple(one.shape) for one in maps]
    assert shapes == [
        (1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(row.channels, row.strides, strict=True)
    ]


# name -> (millions of parameters, those of the classifier, 10^9 multiply-adds at 224 x 224)
PUBLISHED = {
    # arXiv 1804.06215: 4.8 G
    "detnet59": (17.35 + 1.025, 1024 * 1000 + 1000, 4.8),
    # torchvision's documentation: 25.6 M, 4.09 G; 11.7 M, 1.81 G; 44.5 M, 7.8 G
    "resnet50": (25.557, 2048 * 1000 + 1000, 4.09),
    "resnet18": (11.690, 512 * 1000 + 1000, 1.81),
    "resnet101": (44.549, 2048 * 1000 + 1000, 7.80),
    # Res2Net-PretrainedModels: 25.70 M, 37.05 M and 48.40 M; 4.2 G, 6.3 G and 8.3 G
    "res2net50_26w_4s": (25.70, 2048 * 1000 + 1000, 4.2),
    "res2net50_26w_6s": (37.05, 2048 * 1000 + 1000, 6.3),
    "res2net50_26w_8s": (48.40, 2048 * 1000 + 1000, 8.3),
    # arXiv 1409.1556: 138 M; torchvision's documentation: 15.47 G
    "vgg16": (138.36, 25088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000, 15.47),
    # torchvision's documentation: 5.48 M, 0.22 G
    "mobilenet_v3_large": (5.483, 960 * 1280 + 1280 + 1280 * 1000 + 1000, 0.22),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_multiply_adds_are_as_published(name: str) -> None:
    millions, classifier, expected = PUBLISHED[name]
    # The paper counts the ResNet of its time, whose strides are in the 1x1 convolutions.
    body = build(name, **({"style": "caffe"} if name == "detnet59" else {})).eval().to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        body(torch.rand(1, 3, 224, 224, device="meta"))
    assert (parameters(body) + classifier) / 1e6 == pytest.approx(millions, abs=0.006)
    # What is counted is two operations for each multiply-add; biases of `fc` do not multiply.
    multiplied = counter.get_total_flops() / 2 + classifier
    assert multiplied / 1e9 == pytest.approx(expected, abs=0.06)


def test_the_last_stages_of_detnet_are_dilated_at_stride_16() -> None:
    body = DetNet()
    for layer in (body.layer4, body.layer5):
        assert [block.conv2.dilation for block in layer] == [(2, 2)] * 3
        assert [block.conv2.padding for block in layer] == [(2, 2)] * 3
        assert [block.conv2.weight.shape for block in layer] == [(256, 256, 3, 3)] * 3
        assert [block.downsample is None for block in layer] == [False, True, True]
        assert layer[0].downsample[0].kernel_size == (1, 1)
    sizes = [tuple(one.shape[2:]) for one in body.eval()(torch.rand(1, 3, 96, 64))]
    assert sizes == [(24, 16), (12, 8), (6, 4), (6, 4), (6, 4)]
    weighted = sum(
        isinstance(module, nn.Conv2d) and "downsample" not in name
        for name, module in body.named_modules()
    )
    assert weighted + 1 == 59  # with the classifier


@pytest.mark.parametrize("name", OWN)
def test_out_indices(name: str) -> None:
    body, some = build(name).eval(), build(name, out_indices=(3, 1)).eval()
    some.load_state_dict(body.state_dict())
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        maps = body(image)
        for one, other in zip((maps[1], maps[3]), some(image), strict=True):
            assert torch.equal(one, other)
    with pytest.raises(ValueError, match="there are"):
        build(name, out_indices=(5,))


# Freezing and gradients -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "frozen"), [*product(OWN, (0, 2)), ("detnet59", -1)])
def test_frozen_stages(name: str, frozen: int) -> None:
    body = build(name, frozen_stages=frozen).eval().train()
    still = (["conv1", "bn1"] if frozen >= 0 else []) + [f"layer{n}" for n in range(1, frozen + 1)]
    before = copy.deepcopy(body.state_dict())
    sum(one.mean() for one in body(torch.rand(2, 3, 64, 64))).backward()
    for path, parameter in body.named_parameters():
        if path.partition(".")[0] in still:
            assert not parameter.requires_grad
            assert parameter.grad is None
        else:
            assert parameter.grad is not None, path
            assert parameter.grad.abs().sum() > 0, path
    for path, value in body.state_dict().items():
        if path.endswith("running_mean"):
            same = torch.equal(value, before[path])
            assert same == (path.partition(".")[0] in still), path
    for path, module in body.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.training == (path.partition(".")[0] not in still)


@pytest.mark.parametrize("name", OWN)
def test_norm_eval(name: str) -> None:
    body = build(name, norm_eval=True).eval().train()
    norms = [module for module in body.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert not any(module.training for module in norms)
    assert all(parameter.requires_grad for parameter in body.parameters())
    assert body.layer1.training


def test_frozen_stages_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="frozen_stages=6 must be -1 to 5"):
        DetNet(frozen_stages=6)


@pytest.mark.parametrize("name", OWN)
def test_group_norm(name: str) -> None:
    body = build(name, norm_cfg={"type": "GN", "num_groups": 32})
    kinds = {type(module) for module in body.modules() if "Norm" in type(module).__name__}
    assert kinds == {nn.GroupNorm}
    assert body.bn1.num_groups == 32


def test_norms_as_mmdetection_writes_them() -> None:
    norm = build_norm({"type": "BN", "requires_grad": False, "eps": 0.5}, 8)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.eps == 0.5
    assert not norm.weight.requires_grad
    assert build_norm({"type": "GN"}, 26).num_groups == 2
    with pytest.raises(ValueError, match="type 'LN' must be BN, SyncBN or GN"):
        build_norm({"type": "LN"}, 8)


# Weights ----------------------------------------------------------------------------------------


def test_an_imagenet_resnet_fits_detnet_up_to_stage_4() -> None:
    resnet = torchvision.models.resnet50().eval()
    resnet.load_state_dict(
        random_state({name: tuple(v.shape) for name, v in resnet.state_dict().items()
                      if not name.endswith("tracked")}), strict=False,
    )  # fmt: skip
    body = DetNet().eval()
    taken = body.load_resnet(resnet.state_dict())
    first = ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.")
    assert sorted(taken) == sorted(n for n in weight_names(resnet) if n.startswith(first))
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        expected = resnet.maxpool(resnet.relu(resnet.bn1(resnet.conv1(image))))
        for one, layer in zip(
            body(image), (resnet.layer1, resnet.layer2, resnet.layer3), strict=False
        ):
            expected = layer(expected)
            assert torch.allclose(one, expected, atol=1e-5)


@pytest.mark.parametrize(("scales", "millions"), [(4, 25.70), (6, 37.05), (8, 48.40)])
def test_published_res2net_weights_fit(scales: int, millions: float) -> None:
    shapes = published_res2net(scales)
    trained = sum(
        torch.Size(shape).numel() for name, shape in shapes.items() if "running" not in name
    )
    assert trained / 1e6 == pytest.approx(millions, abs=0.005)
    state = random_state(shapes)
    body = PlainRes2Net(scales=scales)
    taken = body.load_resnet(state)
    assert {*taken} == {*shapes} - {"fc.weight", "fc.bias"} == {*weight_names(body)}
    own = body.state_dict()
    assert all(torch.equal(own[name], state[name]) for name in taken)


@pytest.mark.mmdet
@pytest.mark.filterwarnings("ignore")
def test_published_weights_of_v1b_fit_the_class_of_mmdetection() -> None:
    backbones = pytest.importorskip("mmdet.models.backbones")
    row = get_network("res2net50_v1b_26w_4s")
    arguments = {key: value for key, value in (row.mmdet or {}).items() if key != "type"}
    own = weight_names(backbones.Res2Net(**arguments))
    shapes = for_mmdet(published_res2net_v1b())
    assert {*shapes} == {*own, "fc.weight", "fc.bias"}
    state = backbones.Res2Net(**arguments).state_dict()
    assert all(tuple(state[name].shape) == shapes[name] for name in own)


def test_res2net_by_the_published_formula() -> None:
    """One block that opens a layer and one that does not, scale by scale."""
    body = PlainRes2Net(scales=4).eval()
    body.load_resnet(random_state(published_res2net(4)))
    opening, following = body.layer2[0], body.layer2[1]
    x = torch.rand(1, 256, 16, 16)
    pieces = opening.bn1(opening.conv1(x)).relu().split(52, 1)
    outs = [opening.bns[i](opening.convs[i](pieces[i])).relu() for i in range(3)]
    outs.append(nn.functional.avg_pool2d(pieces[3], 3, stride=2, padding=1))
    expected = opening.bn3(opening.conv3(torch.cat(outs, 1))) + opening.downsample(x)
    assert torch.allclose(opening(x), expected.relu(), atol=1e-5)
    x = torch.rand(1, 512, 8, 8)
    pieces = following.bn1(following.conv1(x)).relu().split(52, 1)
    first = following.bns[0](following.convs[0](pieces[0])).relu()
    second = following.bns[1](following.convs[1](pieces[1] + first)).relu()
    third = following.bns[2](following.convs[2](pieces[2] + second)).relu()
    joined = torch.cat([first, second, third, pieces[3]], 1)
    assert torch.allclose(
        following(x), (following.bn3(following.conv3(joined)) + x).relu(), atol=1e-5
    )


def test_weights_fit_module_by_module() -> None:
    """No half of a norm, and no BatchNorm's weights for a GroupNorm."""
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.GroupNorm(2, 8))
    state = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.BatchNorm2d(8)).state_dict()
    assert load_fitting(network, state) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
    ]  # fmt: skip
    del state["1.running_var"], state["0.bias"]
    assert load_fitting(network, state) == []


# The pyramid ------------------------------------------------------------------------------------


def test_the_pyramid_of_detnet_sums_equal_maps_as_they_are() -> None:
    neck = DetNetFPN((256, 512, 1024, 1024, 1024), 8)
    sizes = ((256, 25, 33), (512, 13, 17), (1024, 7, 9), (1024, 7, 9), (1024, 7, 9))
    maps = [torch.rand(1, *size) for size in sizes]
    c2, c3, c4, c5, c6 = (lateral(one) for lateral, one in zip(neck.laterals, maps, strict=True))
    p6 = c6
    p5 = c5 + p6
    p4 = c4 + p5
    p3 = c3 + nn.functional.interpolate(p4, size=(13, 17))
    p2 = c2 + nn.functional.interpolate(p3, size=(25, 33))
    expected = [neck.smooths[0](p2), neck.smooths[1](p3), p4, p5, p6]
    for one, other in zip(neck(maps), expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    # Five 1x1 convolutions and two 3x3 ones, with biases.
    assert parameters(neck) == (256 + 512 + 3 * 1024) * 8 + 5 * 8 + 2 * (9 * 8 * 8 + 8)


def test_a_pyramid_from_the_second_map_on() -> None:
    neck = DetNetFPN((256, 512, 1024, 1024, 1024), 8, num_outs=5, start_level=1)
    sizes = ((256, 24, 32), (512, 12, 16), (1024, 6, 8), (1024, 6, 8), (1024, 6, 8))
    outs = neck([torch.rand(1, *size) for size in sizes])
    assert [tuple(one.shape[2:]) for one in outs] == [(12, 16), (6, 8), (6, 8), (6, 8), (3, 4)]
    with pytest.raises(ValueError, match="more maps"):
        DetNetFPN((256, 512, 1024, 1024, 1024), 8, num_outs=4)


def test_gradients_pass_the_pyramid() -> None:
    body, neck = DetNet(), DetNetFPN((256, 512, 1024, 1024, 1024), 16)
    sum(one.square().mean() for one in neck(body(torch.rand(2, 3, 64, 64)))).backward()
    for network in (body, neck):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
