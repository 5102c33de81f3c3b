"""``dataforge coco`` as a person runs it: exit codes, words, files."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Cli
from helpers import SAMPLE, run_convert, write


def sample(folder: Path, name: str = "a.json") -> Path:
    run_convert(SAMPLE / "labelme", folder / name)
    return folder / name


def test_merge_filter_and_subset(cli: Cli, tmp_path: Path) -> None:
    source = sample(tmp_path)
    part, rest = tmp_path / "part.json", tmp_path / "rest.json"
    result = cli("coco", "filter", source, part, "--classes", "hand, face", "--drop-empty")
    assert (result.returncode, result.stderr) == (0, "")
    assert "17 shapes left out: 17 other-class" in result.stdout
    assert result.stdout.splitlines()[0] == "13 images, 51 shapes as 51 instances"
    assert result.stdout.splitlines()[-1] == f"wrote {part}"
    result = cli("coco", "subset", source, rest, "--images", "2", "--seed", "1")
    assert (result.returncode, result.stderr) == (0, "")
    merged, report = tmp_path / "merged.json", tmp_path / "report.json"
    result = cli("coco", "merge", source, source, merged, "--report", report)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(json.loads(merged.read_text("utf-8"))["images"]) == 14
    assert json.loads(report.read_text("utf-8"))["lost"] == {"same-image": 68}


def test_1_with_findings(cli: Cli, tmp_path: Path) -> None:
    source = sample(tmp_path)
    part = tmp_path / "part.json"
    cli("coco", "filter", source, part, "--classes", "face")
    result = cli("coco", "merge", source, part, tmp_path / "out.json")
    assert result.returncode == 1
    assert "error image-collision" in result.stdout


def test_2_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    source = sample(tmp_path)
    for arguments in (
        ("filter", source, tmp_path / "o.json", "--classes", "cow"),
        ("subset", source, tmp_path / "o.json"),
        ("subset", source, tmp_path / "o.json", "--images", "15"),
        ("merge", source),
        ("filter", source, tmp_path / "o.json", "--max-area", "x"),
    ):
        result = cli("coco", *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr


def test_3_could_not_do_it(cli: Cli, tmp_path: Path) -> None:
    source = sample(tmp_path)
    listed = write(tmp_path / "list.txt", "nothing\n")
    for arguments in (
        ("merge", tmp_path / "no.json", tmp_path / "o.json"),
        ("merge", source, source),
        ("subset", source, tmp_path / "o.json", "--list", listed),
    ):
        result = cli("coco", *arguments)
        assert result.returncode == 3
        assert result.stderr.startswith("error: ")
    assert not (tmp_path / "o.json").exists()


def test_a_report_is_what_is_printed(cli: Cli, tmp_path: Path) -> None:
    source = sample(tmp_path)
    report = tmp_path / "report.json"
    arguments = (source, tmp_path / "part.json", "--classes", "face", "--report", report)
    result = cli("coco", "filter", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads(report.read_text())
    assert json.loads(result.stdout)["classes"] == ["face"]
