"""The demo, for real: it trains and proves two detectors."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
pytestmark = pytest.mark.mmdet


def test_the_demo_proves_both_datasets(tmp_path: Path, own_python: str) -> None:
    command = [own_python, "-m", "dataforge", "demo", "made", "--device", "cpu"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    for name in ("HumanParts", "LabelmeParts"):
        folder = tmp_path / "made" / f"smoke_{name}"
        report = json.loads((folder / "smoke_report.json").read_text())
        assert report["verdict"] == "proved"
        assert report["ap50"] >= 0.9
        assert report["versions"]["mmdet"] == "2.28.2"
        assert report["classes"] == ["face", "person", "hand"]
        losses = report["proof"]["losses"]
        assert sum(losses[-5:]) < sum(losses[:5])
        assert (folder / "loss_curve.png").is_file()
        assert f"{name}: proved" in result.stdout
    for command_shown in ("dataforge convert labelme2coco", "dataforge smoke", "unregister"):
        assert command_shown in result.stdout


def test_folder_not_made_by_demo_is_left_untouched(tmp_path: Path, own_python: str) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    command = [own_python, "-m", "dataforge", "demo", str(mine)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert "is not a demo" in result.stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
