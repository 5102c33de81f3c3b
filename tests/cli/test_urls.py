"""URLs on the command line: where one is of no use is said, and no folder of that name is made."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest
from command_line import Cli
from helpers import SAMPLE


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fsspec.filesystem("memory").store.clear()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("check set --report memory://r.json", "--report memory:/r.json: name a path on this"),
        ("inspect set --save memory://l.toml", "--save memory:/l.toml: name a path on this"),
        ("split set --split 80,20 -o memory://s.json", "--output memory://s.json: name a path on"),
        ("coco filter memory://a.json b.json", "memory://a.json: name a file on this machine"),
        ("coco filter a.json memory://b.json", "OUT memory://b.json: name a path on this machine"),
        (
            "register X --root memory://set --framework mmdet2 --layout voc",
            "training reads local files",
        ),
        ("check memory://set --fix", "memory://set: only local files can be fixed"),
        ("convert labelme2coco set https://example.org/x", "can be read, but not written"),
        ("convert labelme2coco set s3://me:hush@b/x", "s3://***@b/x: credentials do not belong"),
    ],
)
def test_usage(cli: Cli, tmp_path: Path, words: str, said: str) -> None:
    fsspec.filesystem("memory").pipe("/set/a.json", b"{}")
    (tmp_path / "set").symlink_to(SAMPLE / "labelme")
    before = sorted(tmp_path.iterdir())
    result = cli(*words.split())
    assert result.returncode == 2
    assert said in result.stderr
    assert "hush" not in result.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_report_of_a_conversion_names_urls(cli: Cli) -> None:
    words = ["convert", "labelme2coco", str(SAMPLE / "labelme"), "memory://said/out"]
    result = cli(*words)
    assert result.returncode == 0
    assert result.stdout.endswith("\nwrote memory://said/out/annotations/instances_all.json\n")
    result = cli(*words)
    assert result.returncode == 3
    assert result.stderr == (
        "error: memory://said/out/annotations/instances_all.json already exists; use --force to "
        "overwrite\n"
    )
