"""mmdet 3's own train.py and test.py, and its Runner, run what `register` wrote, from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import cut_humanparts, mmdet_tool, run_away

pytest.importorskip("mmengine")

from dataforge.frameworks.operators import serve

pytestmark = [pytest.mark.mmdet3, pytest.mark.lite]

NAME = "Tools3HumanParts"


@pytest.fixture(params=["classic", "lazy"])
def config(request: pytest.FixtureRequest, tmp_path: Path, own_python: str) -> Path:
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
    command += ["--framework", "mmdet3", "--style", request.param, "--repeat", "2"]
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


def test_runner_accepts_the_config(config: Path, tmp_path: Path, own_python: str) -> None:
    code = f"""
{"" if serve().of == "mmcv" else "from dataforge.frameworks.operators import serve; serve()"}
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
