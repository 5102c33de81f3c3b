"""benchmarks/run.py in small: it measures, counts, says what is missing, and writes the docs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from helpers import REPO


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    """The script with this Python."""
    command = [sys.executable, str(REPO / "benchmarks" / "run.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def kept(folder: Path, parts: list[dict[str, Any]]) -> list[str]:
    """Options that let the script keep results, and write pages, in a folder."""
    for name in ("speed.md", "scale.md"):
        shutil.copy(REPO / "docs" / name, folder)
    (folder / "results.json").write_text(json.dumps({"parts": parts}))
    return ["--results", str(folder / "results.json"), "--docs", str(folder)]


def part(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "figures": [], "date": "2026-01-02", **more}


def test_a_comparison_in_small(tmp_path: Path) -> None:
    options = (
        "--scale",
        "400",
        "--rounds",
        "1",
        "--only",
        "voc,yolo2coco",
        "--work",
        str(tmp_path),
    )
    ran = bench(*options)
    assert "Traceback" not in ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    # 4,004 files of 13 boxes and 20,000 of 7, divided by 400.
    counts = {line[-2] + line[-1] for line in lines if line[:1] == ["dataforge"]}
    assert counts == {"10,130", "50,350"}
    assert any(line[:2] == ["bytes", "read"] for line in lines)
    assert "VOC to COCO: share of the rate of lxml alone: " in ran.stdout
    assert ran.returncode == 1  # peers are not installed, or ten files are too few for a target
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_is_not_installed_is_a_row_that_says_so(tmp_path: Path) -> None:
    if find_spec("globox"):
        pytest.skip("it is installed")
    ran = bench("--scale", "400", "--rounds", "1", "--only", "voc", "--work", str(tmp_path))
    (row,) = (line for line in ran.stdout.splitlines() if line.startswith("globox"))
    assert row.endswith("not installed ('globox')")
    assert "VOC to COCO, globox: not measured: see the table" in ran.stdout


def test_memory_is_that_of_all_processes(tmp_path: Path) -> None:
    """Two workers take more than none, and more files not less."""
    options = ("--scale", "2000", "--rounds", "1", "--only", "memory", "--work", str(tmp_path))
    ran = bench(*options)
    rows = [
        re.split("  +", line) for line in ran.stdout.splitlines() if re.match(r"\w.* MB ", line)
    ]
    peaks = {row[0]: float(row[2].removesuffix(" MB")) for row in rows}
    one, two = (peaks[f"convert labelme2coco --workers {number}"] for number in (1, 2))
    assert min(one, two) > 20  # workers that are forked share what they do not change
    assert "register" in peaks
    assert "coco filter, a file of 0.00 GB" in peaks
    assert list(tmp_path.iterdir()) == []


def test_pages_and_chart_are_made_from_the_results(tmp_path: Path) -> None:
    bars = [["dataforge", "dataforge", 1000.0], ["other", "peer", 250.0], ["parser", "floor", 9e4]]
    parts = [
        part(
            "labelme",
            figures=[
                {"what": "time of other / dataforge", "value": 4.0, "target": ">= 5"},
                {"what": "peak", "value": 200.0, "unit": "MB", "target": "<= 300"},
                {"what": "start", "value": None, "note": "no mmdetection"},
            ],
            rates={"images_per_core_second": 1000, "bytes_per_image": 10_000},
            bars=bars,
        )
    ]
    assert bench("--document", *kept(tmp_path, parts)).returncode == 0
    speed = (tmp_path / "speed.md").read_text("utf-8")
    assert "| time of other / dataforge | 4 x | at least 5 x | **missed** |" in speed
    assert "| peak | 200 MB | at most 300 MB | met |" in speed
    assert "| start | - |  | not measured: no mmdetection |" in speed
    scale = (tmp_path / "scale.md").read_text("utf-8")
    # 10,000,000 / 1,000 are 10,000 s on one core, 625 s on 16; 10 MB/s a core.
    assert "| 1,000 | 10 | 100 | 2.8 h | 10 min | 1.3 min |" in scale
    assert "are 100 GB" in scale
    assert "0.16 GB/s and 16,000 files a second" in scale
    chart = (tmp_path / "speed.svg").read_text("utf-8")
    assert "1,000/s" in chart
    assert "250/s" in chart
    assert "90,000/s →" in chart


def test_a_part_replaces_its_own_results_alone(tmp_path: Path) -> None:
    options = kept(tmp_path, [part("voc", seconds=60.0), part("startup", title="Before")])
    assert "voc          1.0 min" in bench("--list", *options).stdout
    bench("--only", "startup", "--rounds", "1", *options, "--work", str(tmp_path))
    found = {
        one["name"]: one for one in json.loads((tmp_path / "results.json").read_text())["parts"]
    }
    assert found["voc"]["date"] == "2026-01-02"
    assert found["startup"]["title"] == "Start-up"
    assert "| dataforge --help |" in (tmp_path / "speed.md").read_text("utf-8")


def test_an_unknown_part_is_refused() -> None:
    ran = bench("--only", "voc,nothing")
    assert ran.returncode == 2
    assert "'nothing'; the parts are labelme, imagedata, voc" in ran.stderr
