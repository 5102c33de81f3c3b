"""mmdet's own train.py and test.py run what `register` wrote, from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import cut_humanparts, mmdet_tool, run_away

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it

pytestmark = [pytest.mark.mmdet, pytest.mark.lite]

NAME = "ToolsHumanParts"


@pytest.fixture
def config(tmp_path: Path, own_python: str) -> Path:
    """A small sample, registered for `own_python`."""
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
    run_away(own_python, tmp_path, *command, "--root", str(root), "-o", str(out), "--repeat", "2")
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
