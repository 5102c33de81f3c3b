"""A folder in the place of site-packages, the sample, and the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run_cli
from helpers import SAMPLE, redirect_registrations
from register.datasets import Cli


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of site-packages, and a working directory of the test's own."""
    folder = tmp_path / "site"
    folder.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(sys, "path", [*sys.path])
    redirect_registrations(monkeypatch, folder)
    return folder


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A copy of the sample."""
    return Path(shutil.copytree(SAMPLE / "humanparts", tmp_path / "HumanParts"))


@pytest.fixture
def other_python(tmp_path: Path) -> str:
    """The python of a virtual environment of its own."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line: (exit code, output, errors)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        done = run_cli(capsys, *arguments)
        return done.returncode, done.stdout, done.stderr

    return run
