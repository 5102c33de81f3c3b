"""The pre-commit hook and the GitHub action: their command lines are run as they stand."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import REPO, document, picture, shape, write

BROKEN = "broken"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    picture(write(tmp_path / BROKEN / "a.jpg", ""))
    square = [[1, 1], [9, 1], [9, 9], [1, 9]]
    write(tmp_path / BROKEN / "a.json", document(shape("cat", square), shape("cat", [[1, 1]])))
    return tmp_path


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """Where an installation has `python` and `dataforge`."""
    folder = tmp_path / "dataforge" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = folder / "dataforge"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dataforge "$@"\n')
    script.chmod(0o755)
    return folder


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPO), **variables},
    )  # fmt: skip


def test_the_hook(data: Path, bin_folder: Path) -> None:
    (hook,) = yaml.safe_load((REPO / ".pre-commit-hooks.yaml").read_text())
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    path = f"{bin_folder}:{os.environ['PATH']}"
    ran = run([*shlex.split(hook["entry"]), BROKEN], data, PATH=path)
    assert ran.returncode == 1
    assert "bad-shape" in ran.stdout


def last_step() -> dict[str, Any]:
    action = yaml.safe_load((REPO / "action.yml").read_text())
    step: dict[str, Any] = action["runs"]["steps"][-1]
    assert {"path", "arguments", "sarif"} <= action["inputs"].keys()
    assert step["env"].keys() == {"TARGET", "ARGUMENTS", "SARIF"}
    return step


@pytest.mark.parametrize(
    ("arguments", "code"), [("", 1), ("--select 'boxes,classes' --no-pixels", 0), ("$(touch x)", 2)]
)
def test_the_action(data: Path, bin_folder: Path, arguments: str, code: int) -> None:
    ran = run(
        ["bash", "-e", "-o", "pipefail", "-c", last_step()["run"]], data,
        RUNNER_TEMP=str(bin_folder.parents[1]), TARGET=BROKEN, ARGUMENTS=arguments, SARIF="",
    )  # fmt: skip
    assert ran.returncode == code, ran.stderr
    assert (code == 1) is ("::error file=broken/a.json" in ran.stdout)
    assert not (data / "x").exists()


def test_the_action_writes_sarif(data: Path, bin_folder: Path) -> None:
    ran = run(
        ["bash", "-e", "-o", "pipefail", "-c", last_step()["run"]], data,
        RUNNER_TEMP=str(bin_folder.parents[1]), TARGET=BROKEN, ARGUMENTS="", SARIF="found.sarif",
    )  # fmt: skip
    assert ran.returncode == 1
    assert '"ruleId":' in (data / "found.sarif").read_text().replace(" ", "")
