"""`capture` on real models and in training steps, and `dataforge features`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

from command_line import Cli
from helpers import SAMPLE
from PIL import Image
from smoke_data import Registered, every

from dataforge.features import capture
from dataforge.frameworks import TrialSettings, open_model

Get = Callable[[str], Registered]
IMAGE = SAMPLE / "humanparts" / "Images" / "000001.jpg"
NECK = {"mmdet2": "neck", "mmdet3": "neck", "torchvision": "backbone.fpn"}
STAGE = {
    "mmdet2": "backbone.layer2", "mmdet3": "backbone.layer2", "torchvision": "backbone.body.layer2",
}  # fmt: skip


def hooks(model: Any) -> int:
    return sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in model.modules())


@every
def test_capture_in_a_training_step(live: Get, framework: str) -> None:
    config = open_model(live(framework).config).config
    names = [one.name for one in config.parts("train")[0].build(training=True).images[:2]]
    settings = TrialSettings(batch=2, seed=0, device="cpu", random=True)
    trial = config.trial(names, 128, settings)
    model = trial.new_model()  # of mmdet 2 in its DataParallel
    model.train()
    before = hooks(model)
    # A proof has GroupNorm; to its output the shortcut is added in place.
    layer = f"{STAGE[framework]}.0.{'bn3' if framework == 'torchvision' else 'gn3'}"
    with capture(model, NECK[framework], layer, detach=False) as features:
        loss, _ = trial.loss(model, next(trial.batches()))
        levels = features[NECK[framework]]
        levels = list(levels.values()) if isinstance(levels, dict) else list(levels)
        assert len(levels) == 5
        total = loss + sum(level.square().mean() for level in levels)
        total += features[layer].square().mean()
        total.backward()
    assert hooks(model) == before
    weights = dict(model.named_parameters())
    (norm,) = (value for name, value in weights.items() if name.endswith(f"{layer}.weight"))
    assert norm.grad is not None
    assert all(len(level.shape) == 4 and level.shape[1] == 256 for level in levels)
    with pytest.raises(ZeroDivisionError), capture(model, NECK[framework]):
        _ = 1 / 0
    assert hooks(model) == before


def small(registered: Registered, folder: Path) -> Path:
    """The config with a test pipeline that scales to 333 x 200."""
    if registered.framework == "torchvision":
        return registered.config_for(registered.broken(folder), **{"[800, 1333]": "[200, 333]"})
    path = folder / "config.py"
    path.write_text(f"_base_ = {str(registered.config)!r}\n{SMALL[registered.framework]}")
    return path


SMALL = {
    "mmdet2": """
data = dict(test=dict(pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='MultiScaleFlipAug', img_scale=(333, 200), flip=False, transforms=[
        dict(type='Resize', keep_ratio=True),
        dict(type='Normalize', mean=[120, 120, 120], std=[60, 60, 60], to_rgb=True),
        dict(type='Pad', size_divisor=32),
        dict(type='ImageToTensor', keys=['img']),
        dict(type='Collect', keys=['img']),
    ])]))
""",
    "mmdet3": """
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(333, 200), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs',
         meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]))
""",
}


@every
def test_features_of_an_image(live: Get, framework: str, cli: Cli, tmp_path: Path) -> None:
    config = small(live(framework), tmp_path)
    opened = open_model(config).live
    state = opened.model.state_dict()
    state = {name: value + 0.001 for name, value in state.items() if value.is_floating_point()}
    opened.model.load_state_dict(state, strict=False)
    torch.save({"state_dict": state, "meta": {"epoch": 1}}, tmp_path / "a.pth")
    out, neck, stage = tmp_path / "out.npz", NECK[framework], STAGE[framework]
    call = ("features", config, IMAGE, "--layers", f"{neck},{stage}", "-o", out)
    done = cli(*call, "--checkpoint", tmp_path / "a.pth")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"weights: {len(state)} of " in done.stdout
    # 320 x 240 becomes 267 x 200, padded to 288 x 224.
    arrays = np.load(out)
    shapes = [arrays[name].shape for name in arrays.files]
    assert shapes == [
        (1, 256, 56, 72), (1, 256, 28, 36), (1, 256, 14, 18), (1, 256, 7, 9), (1, 256, 4, 5),
        (1, 512, 28, 36),
    ]  # fmt: skip
    with torch.no_grad(), capture(opened.model, stage) as features:
        share = opened.run(IMAGE)
    assert share == pytest.approx((267 / 288, 200 / 224), abs=4e-3)
    assert np.array_equal(features[stage].numpy(), arrays[stage])
    assert Image.open(out.with_suffix(".png")).size == (3 * 360 + 8, 6 * (270 + 20))
    # Another run does not overwrite, and with --force writes the same bytes.
    before = out.read_bytes(), out.with_suffix(".png").read_bytes()
    assert cli(*call).returncode == 3
    assert cli(*call, "--checkpoint", tmp_path / "a.pth", "--force").returncode == 0
    assert (out.read_bytes(), out.with_suffix(".png").read_bytes()) == before


@every
def test_what_features_refuses(live: Get, framework: str, cli: Cli, tmp_path: Path) -> None:
    config = live(framework).config
    done = cli("features", config, IMAGE, "--layers", f"{NECK[framework]},nick", cwd=tmp_path)
    assert done.returncode == 2
    assert "the model has no module 'nick'" in done.stderr
    assert os.listdir(tmp_path) == []
