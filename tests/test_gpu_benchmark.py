"""benchmarks/gpu runs through without a GPU, in small, and keeps what it has when time is up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import REPO

pytest.importorskip("torchvision")
pytestmark = pytest.mark.torchvision


def prove(out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and results of the script with this Python, on the CPU."""
    ran = subprocess.run(
        [str(REPO / "benchmarks" / "gpu" / "prove.sh"), str(out), "--small", *options],
        env={**os.environ, "PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return ran.returncode, json.loads((out / "results.json").read_text("utf-8"))


def test_it_registers_proves_trains_tests_and_resumes_in_small(tmp_path: Path) -> None:
    only = "operators,humanparts-faster-resnet50"
    code, results = prove(tmp_path, "--frameworks", "torchvision", "--only", only)
    rows = {row["what"]: row for row in results["rows"]}
    assert [row["reason"] for row in results["rows"]] == [""] * 6
    assert code == 0
    assert rows.keys() == {"register", "operators", "proof", "training", "test", "resume"}
    assert rows["operators"]["equal"] is True
    assert rows["proof"]["iterations"] == 2
    assert rows["proof"]["counts"]["train"]["marked"] == rows["proof"]["counts"]["train"]["kept"]
    # 16 images, four at a time; once more after the checkpoint.
    assert rows["training"]["iterations"] == rows["resume"]["iterations"] == 4
    for what in ("proof", "training", "test", "resume"):
        assert 0 <= rows[what]["ap50"] <= 1
        assert rows[what]["operators"] == "torchvision"
    # The same checkpoint, evaluated by two commands on one split.
    assert rows["test"]["ap50"] == pytest.approx(rows["training"]["ap50"], abs=5e-4)
    table = (tmp_path / "table.md").read_text("utf-8").splitlines()
    assert sum(line.startswith("| torchvision |") for line in table) == 6
    assert "train.py" in (tmp_path / "log.txt").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "log.txt", "results.json", "table.md",
    ]  # fmt: skip


def test_what_there_is_no_time_for_is_a_row_that_says_so(tmp_path: Path) -> None:
    options = ("--frameworks", "torchvision", "--only", "operators,test", "--minutes", "0.001")
    code, results = prove(tmp_path, *options)
    assert code == 1
    assert {row["reason"] for row in results["rows"] if row["status"] == "not run"} == {
        "no time left"
    }
