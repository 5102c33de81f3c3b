"""mmdet's own train.py and test.py run what `register` wrote, from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import cut_humanparts, mmdet_tool, run_away

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it

from dataforge.verbs.curves import read_log

pytestmark = [pytest.mark.mmdet, pytest.mark.lite]

NAME = "ToolsHumanParts"


@pytest.fixture
def config(tmp_path: Path, own_python: str) -> Path:
    """A small sample, registered for `own_python`."""
    return registered(tmp_path, own_python, "--repeat", "2")


def registered(tmp_path: Path, own_python: str, *more: str) -> Path:
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
    run_away(own_python, tmp_path, *command, "--root", str(root), "-o", str(out), *more)
    return next((out / "configs" / "mmdet2" / NAME.lower()).glob("*.py"))


def test_train_and_test_from_elsewhere(config: Path, tmp_path: Path, own_python: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    small = [
        "--cfg-options",
        "data.train.dataset.pipeline.2.img_scale=(128,128)",
        "data.val.pipeline.1.img_scale=(128,128)",
        "data.test.pipeline.1.img_scale=(128,128)",
        "runner.max_epochs=1",
        "evaluation.interval=1",
        "log_config.interval=1",
    ]
    train = [*mmdet_tool("train.py"), str(config), "--work-dir", "work", "--seed", "0"]
    run_away(own_python, elsewhere, *train, *small)
    work = elsewhere / "work"
    (log,) = work.glob("*.log.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    steps = [row for row in rows if row["mode"] == "train"]
    # Two images, twice each, two at a time.
    assert [row["iter"] for row in steps] == [1, 2]
    (evaluated,) = [row for row in rows if row["mode"] == "val"]
    assert {"AP50", "mAP"} <= evaluated.keys()

    # The config that mmcv dumped stands alone: it trains and tests as well.
    dumped = work / config.name
    assert "_base_" not in dumped.read_text()
    checkpoint = str(work / "epoch_1.pth")
    run_away(
        own_python,
        elsewhere,
        *mmdet_tool("train.py"),
        str(dumped),
        "--work-dir",
        "again",
        "--no-validate",
    )
    tested = run_away(
        own_python,
        elsewhere,
        *mmdet_tool("test.py"),
        str(dumped),
        checkpoint,
        "--eval",
        "mAP",
        "--out",
        "r.pkl",
    )
    for name in ("face", "person", "hand"):
        assert f"| {name}" in tested.stdout


def test_losses_on_the_validation_set(tmp_path: Path, own_python: str) -> None:
    """The schedule is that for two images, and each epoch has a line with validation losses."""
    config = registered(tmp_path, own_python, "--workflow", "train,val")
    small = [
        "--cfg-options",
        "data.train.dataset.pipeline.2.img_scale=(128,128)",
        "data.val.pipeline.1.img_scale=(128,128)",
        "runner.max_epochs=2",
        "evaluation.interval=2",
    ]
    train = [*mmdet_tool("train.py"), str(config), "--work-dir", "work", "--seed", "0"]
    run_away(own_python, tmp_path, *train, *small)
    (path,) = (tmp_path / "work").glob("*.log.json")
    log = read_log(tmp_path / "work")
    assert log.path == path
    # Two images are one step, and the log has a line for it.
    assert [(point.epoch, point.step) for point in log.train["loss"]] == [(1, 1), (2, 2)]
    assert [(point.epoch, point.step) for point in log.val["loss"]] == [(1, 1), (2, 2)]
    assert {"loss_cls", "loss_bbox", "loss_rpn_cls", "loss_rpn_bbox"} <= log.val.keys()
    assert all(0 < point.value < 100 for point in log.val["loss"])
    assert [point.epoch for point in log.val["AP50"]] == [2]
    # The warm-up of 60 steps begins at a thousandth of 0.0025.
    rates = [point.value for point in log.train["lr"]]
    assert rates == pytest.approx([0.0000025, 0.0025 * (0.001 + 0.999 / 60)], abs=1e-5)
