"""A folder in the place of site-packages, the sample, and the command line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from helpers import SAMPLE, redirect_registrations
from register.datasets import Cli

from dataforge.cli import main


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
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line: (exit code, output, errors)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataforge", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run
