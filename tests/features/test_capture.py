"""`dataforge.features.capture` with plain torch: forms, gradients, in-place operations, hooks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from dataforge.errors import UsageError
from dataforge.features import capture


class Levels(NamedTuple):
    """Two levels by name."""

    fine: Any
    coarse: Any


class Backbone(nn.Module):
    """Convolution, norm and in-place ReLU, twice, at strides 2 and 4."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        )
        self.layer1 = nn.Sequential(
            nn.Conv2d(4, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
        )

    def forward(self, images: Any) -> tuple[Any, ...]:
        fine = self.stem(images)
        return fine, self.layer1(fine)


class Named(nn.Module):
    """A neck that returns levels in one of several forms."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def forward(self, levels: tuple[Any, ...]) -> Any:
        fine, coarse = levels
        if self.form == "namedtuple":
            return Levels(fine, coarse)
        if self.form == "dict":
            return OrderedDict(fine=fine, rest=[coarse, "text"])
        return levels


class Detector(nn.Module):
    """Backbone and neck; the loss is a mean."""

    def __init__(self, form: str = "tuple") -> None:
        super().__init__()
        self.backbone = Backbone()
        self.neck = Named(form)

    def forward(self, images: Any) -> Any:
        return self.neck(self.backbone(images))


@pytest.fixture
def model() -> Iterator[Detector]:
    torch.manual_seed(0)
    model = Detector()
    yield model
    assert hooks_of(model) == []


def hooks_of(model: nn.Module) -> list[str]:
    """Names of the modules that have a hook of any kind."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs",
             "_forward_hooks_always_called", "_backward_hooks")  # fmt: skip
    return [name for name, one in model.named_modules() for kind in kinds if getattr(one, kind)]


def images(number: int = 2, size: int = 16) -> Any:
    return torch.randn(number, 3, size, size)


def test_outputs_are_those_of_the_layers(model: Detector) -> None:
    batch = images()
    with capture(model, "backbone.stem", "backbone.layer1", "neck") as features:
        assert features == {}
        output = model(batch)
        assert hooks_of(model) == ["backbone.stem", "backbone.layer1", "neck"]
    assert list(features) == ["backbone.stem", "backbone.layer1", "neck"]
    assert features["backbone.stem"].shape == (2, 4, 8, 8)
    assert features["backbone.layer1"].shape == (2, 8, 4, 4)
    assert isinstance(features["neck"], tuple)
    for mine, theirs in zip(features["neck"], output, strict=True):
        assert torch.equal(mine, theirs)
        assert not mine.requires_grad


@pytest.mark.parametrize("form", ["namedtuple", "dict"])
def test_the_form_of_the_levels_is_kept(form: str) -> None:
    model = Detector(form)
    with capture(model, "neck") as features:
        output = model(images())
    found = features["neck"]
    assert type(found) is type(output)
    if form == "namedtuple":
        assert torch.equal(found.coarse, output.coarse)
    else:
        assert list(found) == ["fine", "rest"]
        assert torch.equal(found["rest"][0], output["rest"][0])
        assert found["rest"][1] == "text"


def test_each_forward_pass_replaces_what_was_there(model: Detector) -> None:
    with capture(model, "neck") as features:
        for number in (1, 3):
            output = model(images(number))
            assert torch.equal(features["neck"][1], output[1])
    model(images(2))
    assert features["neck"][1].shape[0] == 3


def test_a_relu_in_place_does_not_change_what_was_captured(model: Detector) -> None:
    model.eval()
    batch = images()
    with torch.no_grad():
        norm = model.backbone.stem[1](model.backbone.stem[0](batch))
    assert norm.min() < 0
    with capture(model, "backbone.stem.1") as copied:
        model(batch)
    assert torch.equal(copied["backbone.stem.1"], norm)
    with capture(model, "backbone.stem.1", clone=False) as own:
        model(batch)
    assert torch.equal(own["backbone.stem.1"], norm.relu())


def test_with_gradient_a_loss_on_features_trains_the_model(model: Detector) -> None:
    teacher = Detector()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.backbone.stem[0].weight.clone()
    names = ("neck", "backbone.stem.1")  # the second is overwritten by the ReLU
    with capture(teacher, *names) as wanted, capture(model, *names, detach=False) as features:
        batch = images()
        teacher(batch)
        model(batch)
        loss = nn.functional.mse_loss(features["neck"][0], wanted["neck"][0])
        loss += nn.functional.mse_loss(features["backbone.stem.1"], wanted["backbone.stem.1"])
        assert not wanted["neck"][0].requires_grad
        loss.backward()
        optimizer.step()
    assert not torch.equal(model.backbone.stem[0].weight, before)
    assert all(value.grad is None for value in teacher.parameters())
    assert hooks_of(teacher) == []


def test_a_training_step_goes_as_without(model: Detector) -> None:
    batch = images()
    model.backbone(batch)[1].sum().backward()
    plain = [value.grad.clone() for value in model.parameters()]
    model.zero_grad()
    with capture(model, "backbone.stem.1", "backbone.layer1", detach=False):
        model.backbone(batch)[1].sum().backward()
    for value, grad in zip(model.parameters(), plain, strict=True):
        assert torch.equal(value.grad, grad)


def test_hooks_are_removed_by_an_exception(model: Detector) -> None:
    with pytest.raises(RuntimeError), capture(model, "neck", "backbone"):
        model(torch.randn(2, 5, 16, 16))  # 5 channels


def test_captures_are_nested(model: Detector) -> None:
    with capture(model, "neck") as outer:
        with capture(model, "neck", "backbone.stem") as inner:
            model(images(1))
        model(images(2))
    assert inner["neck"][0].shape[0] == inner["backbone.stem"].shape[0] == 1
    assert outer["neck"][0].shape[0] == 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nekc", "did you mean 'neck'?"),
        ("layer1", "did you mean 'backbone.layer1'?"),
        ("backbone.layer2", "did you mean 'backbone.layer1'"),
        ("stem", "did you mean 'backbone.stem'?"),
        ("backbone.stem.9", "there are backbone.stem.0, backbone.stem.1, backbone.stem.2 in"),
        ("backbone.x", "there are backbone.stem, backbone.layer1 in backbone"),
        ("x", "there are backbone, neck in it"),
        ("", "there are backbone, neck in it"),
    ],
)
def test_a_name_that_does_not_exist(model: Detector, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="the model has no module") as error:
        capture(model, "neck", name).__enter__()
    assert hint in str(error.value)
    with pytest.raises(UsageError, match="name at least one"), capture(model):
        pass


def test_wrapped_in_data_parallel(model: Detector) -> None:
    wrapped = nn.DataParallel(nn.DataParallel(model, device_ids=[]), device_ids=[])
    with capture(wrapped, "neck", "module.module.backbone.stem") as features:
        output = wrapped(images())
    assert torch.equal(features["neck"][0], output[0])
    assert features["module.module.backbone.stem"].shape == (2, 4, 8, 8)


def test_wrapped_in_distributed_data_parallel(model: Detector, tmp_path: Path) -> None:
    import torch.distributed as dist

    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        wrapped = nn.parallel.DistributedDataParallel(model)
        with capture(wrapped, "neck", detach=False) as features:
            wrapped(images())
            features["neck"][1].sum().backward()
        assert model.backbone.stem[0].weight.grad is not None
    finally:
        dist.destroy_process_group()


def test_of_copies_on_several_devices_the_first_is_kept(model: Detector) -> None:
    """Replicas of DataParallel share the hooks of the module that they are copied from."""
    replica = model.backbone._replicate_for_data_parallel()
    with capture(model, "backbone") as features:
        (hook,) = model.backbone._forward_hooks.values()
        hook(replica, (), (torch.ones(1),))
        hook(replica, (), (torch.ones(2, device="meta"),))
    assert torch.equal(features["backbone"][0], torch.ones(1))


def test_what_is_no_tensor_is_kept(model: Detector) -> None:
    model.neck.forward = lambda levels: {"ids": [1, None], "level": levels[0]}  # type: ignore[method-assign]
    with capture(model, "neck") as features:
        model(images())
    assert features["neck"]["ids"] == [1, None]
    assert features["neck"]["level"].shape == (2, 4, 8, 8)
