"""``dataforge smoke``: what it passes on; the proofs are in tests/smoke."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import Cli
from helpers import snapshot, write

from dataforge.verbs.smoke import SmokeOptions, SmokeReport


@pytest.fixture
def work_dirs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that a run was started with; nothing is trained."""
    found: list[Path] = []

    def smoke(config: Path, options: SmokeOptions, log: object) -> SmokeReport:
        found.append(options.work_dir)
        return SmokeReport(verdict="ready")

    monkeypatch.setattr("dataforge.cli.smoke.smoke", smoke)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("link", ["work_dirs", "work_dirs/a_smoke"])
def test_the_default_folder_is_no_link(
    link: str, tmp_path: Path, cli: Cli, work_dirs: list[Path]
) -> None:
    write(tmp_path / "set/a.py", "model = dict()\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    planted = tmp_path / "set" / link
    planted.parent.mkdir(exist_ok=True)
    planted.symlink_to(elsewhere)
    ran = cli("smoke", "a.py", cwd=tmp_path / "set")
    assert (ran.returncode, work_dirs) == (3, [])
    assert f"{link} is a link; to write where it leads, use --work-dir work_dirs/a_smoke" in (
        ran.stderr
    )
    named = cli("smoke", "a.py", "--work-dir", "work_dirs/a_smoke", cwd=tmp_path / "set")
    assert (named.returncode, work_dirs) == (0, [Path("work_dirs/a_smoke")])
    assert snapshot(elsewhere) == {}
