"""mmdet 3's own train.py and test.py, and its Runner, run what `register` wrote, from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import cut_humanparts, mmdet_tool, run_away

pytest.importorskip("mmengine")

from dataforge.frameworks.operators import serve
from dataforge.verbs.curves import read_log

pytestmark = [pytest.mark.mmdet3, pytest.mark.lite]

NAME = "Tools3HumanParts"


@pytest.fixture(params=["classic", "lazy"])
def config(request: pytest.FixtureRequest, tmp_path: Path, own_python: str) -> Path:
    """A small sample, registered for `own_python`."""
    return registered(tmp_path, own_python, request.param, "--repeat", "2")


def registered(tmp_path: Path, own_python: str, style: str, *more: str) -> Path:
    """The training config of a small sample."""
    root = cut_humanparts(tmp_path / "data")
    out = tmp_path / "out"
    command = [
        "-m",
        "dataforge",
        "register",
        NAME,
        "--layout",
        "humanparts",
        "--pretrained",
        "random",
    ]
    command += ["--framework", "mmdet3", "--style", style, *more]
    run_away(own_python, tmp_path, *command, "--root", str(root), "-o", str(out))
    return next((out / "configs").glob(f"*/{NAME.lower()}/*.py"))


def rows(work: Path) -> list[dict[str, float]]:
    """The log of the one run in a work_dir."""
    (log,) = work.glob("*/vis_data/scalars.json")
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_train_and_test_from_elsewhere(config: Path, tmp_path: Path, own_python: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    small = ["--cfg-options", "train_cfg.max_epochs=1", "default_hooks.logger.interval=1"]
    small += ["train_dataloader.dataset.dataset.pipeline.2.scale=(128,128)"]
    small += [f"{name}_dataloader.dataset.pipeline.1.scale=(128,128)" for name in ("val", "test")]
    train = [*mmdet_tool("train.py"), str(config), "--work-dir", "work"]
    run_away(own_python, elsewhere, *train, *small)
    work = elsewhere / "work"
    logged = rows(work)
    # Two images, twice each, two at a time.
    assert [row["step"] for row in logged if "loss_bbox" in row] == [1, 2]
    (evaluated,) = [row for row in logged if "pascal_voc/mAP" in row]
    assert "pascal_voc/AP50" in evaluated

    # The config that mmengine dumped stands alone: it trains and tests as well.
    dumped = work / config.name
    assert "_base_ =" not in dumped.read_text()
    assert "read_base" not in dumped.read_text()
    no_workers = ["--cfg-options"]
    for name in ("train", "val"):
        no_workers += [f"{name}_dataloader.num_workers=0"]
        no_workers += [f"{name}_dataloader.persistent_workers=False"]
    again = [*mmdet_tool("train.py"), str(dumped), "--work-dir", "again"]
    run_away(own_python, elsewhere, *again, *no_workers)
    assert len([row for row in rows(elsewhere / "again") if "loss_bbox" in row]) == 2
    tested = run_away(
        own_python, elsewhere, *mmdet_tool("test.py"), str(dumped), str(work / "epoch_1.pth")
    )
    for name in ("face", "person", "hand"):
        assert f"| {name}" in tested.stdout


def operators() -> str:
    """What a script begins with where mmcv has no operators of its own."""
    return (
        "" if serve().of == "mmcv" else "from dataforge.frameworks.operators import serve; serve()"
    )


def test_runner_accepts_the_config(config: Path, tmp_path: Path, own_python: str) -> None:
    code = f"""
{operators()}
from mmengine.config import Config
from mmengine.runner import Runner
cfg = Config.fromfile({str(config)!r})
cfg.work_dir = 'work'
cfg.train_cfg.max_epochs = 1
cfg.train_dataloader.dataset.dataset.pipeline[2]['scale'] = (128, 128)
cfg.val_dataloader.dataset.pipeline[1]['scale'] = (128, 128)
for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
    loader.update(num_workers=0, persistent_workers=False)
runner = Runner.from_cfg(cfg)
runner.train()
print('epochs', runner.epoch, runner.val_dataloader.dataset.metainfo['classes'])
"""
    result = run_away(own_python, tmp_path, "-c", code)
    assert "epochs 1 ('face', 'person', 'hand')" in result.stdout


@pytest.mark.parametrize("style", ["classic", "lazy"])
def test_losses_on_the_validation_set(style: str, tmp_path: Path, own_python: str) -> None:
    """The schedule is that for two images, and each epoch has a line with validation losses."""
    config = registered(tmp_path, own_python, style, "--workflow", "train,val")
    hook = 1  # of custom_hooks; in the classic style its pipeline is a copy
    small = ["--cfg-options", "train_cfg.max_epochs=2"]
    small += ["train_dataloader.dataset.pipeline.2.scale=(128,128)"]
    small += ["val_dataloader.dataset.pipeline.1.scale=(128,128)"]
    small += [f"custom_hooks.{hook}.pipeline.2.scale=(128,128)"]
    train = [*mmdet_tool("train.py"), str(config), "--work-dir", "work"]
    run_away(own_python, tmp_path, *train, *small)
    log = read_log(tmp_path / "work")
    # Two images are one step, and the log has a line for it.
    assert [(point.epoch, point.step) for point in log.train["loss"]] == [(1, 1), (2, 2)]
    assert [(point.epoch, point.step) for point in log.val["loss"]] == [(1, 1), (2, 2)]
    assert {"loss_cls", "loss_bbox", "loss_rpn_cls", "loss_rpn_bbox"} <= log.val.keys()
    assert all(0 < point.value < 100 for point in log.val["loss"])
    # Every tenth epoch is evaluated, and the last one.
    assert [point.epoch for point in log.val["AP50"]] == [2]
    # The warm-up of 60 steps begins at a thousandth of 0.0025.
    rates = [point.value for point in log.train["lr"]]
    assert rates == pytest.approx([0.0000025, 0.0025 * (0.001 + 0.999 / 59)], rel=0.01)


def test_validation_losses_leave_the_training_as_it_is(tmp_path: Path, own_python: str) -> None:
    """The hook changes no weight and no running mean, and its model trains on."""
    config = registered(tmp_path, own_python, "classic", "--workflow", "train,val")
    code = f"""
{operators()}
import torch
from mmengine.config import Config
from mmengine.runner import Runner
cfg = Config.fromfile({str(config)!r})
cfg.work_dir = 'work'
cfg.model.backbone.pop('norm_cfg')
cfg.model.backbone.update(norm_cfg=dict(type='BN'), norm_eval=False)
cfg.val_dataloader.update(num_workers=0, persistent_workers=False)
cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
hook = cfg.custom_hooks[1]
hook.dataloader.update(num_workers=0, persistent_workers=False)
hook.pipeline[2]['scale'] = (128, 128)
runner = Runner.from_cfg(cfg)
(made,) = [one for one in runner.hooks if type(one).__name__ == hook.type]
made.before_train(runner)
runner.model.train()
before = {{name: value.clone() for name, value in runner.model.state_dict().items()}}
made.after_train_epoch(runner)
after = runner.model.state_dict()
assert all(torch.equal(value, after[name]) for name, value in before.items())
assert runner.model.training and runner.model.backbone.bn1.training
print('images', len(made.dataloader.dataset), made.dataloader.dataset.ann_file)
"""
    result = run_away(own_python, tmp_path, "-c", code)
    assert "images 2 " in result.stdout
    assert "privpersonpart_val.txt" in result.stdout
