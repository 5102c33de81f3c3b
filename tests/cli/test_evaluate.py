"""``dataforge evaluate``: what it prints, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluate"))

from by_hand import results, written

import dataforge
from dataforge.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path)
    for at in range(3):
        Image.new("RGB", (100, 100)).save(tmp_path / f"{at}.jpg")
    return tmp_path


CALL = ("evaluate", "--annotations", "instances.json", "results.json")


def test_the_table(folder: Path, cli: Cli) -> None:
    ran = cli(*CALL, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines()]
    assert rows[0] == ["3", "images,", "5", "objects,", "8", "detections;", "by", "boxes"]
    head = ["class", "objects", "AP", "AP50", "AP75", "small", "medium", "large", "recall"]
    assert rows[1] == head
    # (34 + 25.5) / 101 / 2; recall 1/3 and 1/2
    assert rows[2] == ["cat", "3", "0.337", "0.337", "0.337", "0.337", "-", "-", "0.333"]
    # 25.5 / 101 is 0.25248, which four digits on the way would make 0.253
    assert rows[3][:4] == ["dog", "2", "0.252", "0.252"]
    assert rows[4] == ["(mean)", "5", "0.295", "0.295", "0.295", "0.295", "-", "-", "0.417"]
    assert rows[-1] == ["wrote", "results-evaluation/index.html"]
    assert (folder / "results-evaluation" / "index.html").is_file()
    again = cli(*CALL, cwd=folder)
    assert (again.returncode, "use --force to overwrite" in again.stderr) == (3, True)
    assert cli(*CALL, "--force", cwd=folder).returncode == 0


def test_detections_are_written_with_the_ids_of_the_annotations(folder: Path, cli: Cli) -> None:
    """Those that can be compared; evaluated again, they are worth the same."""
    written(folder, results=[{**results()[0], "image_id": 99}, *results()])
    first = cli(*CALL, "--results-out", "kept.json", cwd=folder)
    assert first.returncode == 0, first.stderr
    assert "wrote kept.json" in first.stdout
    kept = json.loads((folder / "kept.json").read_text("utf-8"))

    def known(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((one["image_id"], one["category_id"], one["score"], *one["bbox"])
                      for one in entries)  # fmt: skip

    assert known(kept) == known(results())
    again = cli("evaluate", "--annotations", "instances.json", "kept.json", cwd=folder)
    assert again.stdout.splitlines()[1:5] == first.stdout.splitlines()[2:6]
    assert cli(*CALL, "--results-out", "kept.json", "-o", "p", cwd=folder).returncode == 3


def test_json(folder: Path, cli: Cli) -> None:
    ran = cli(*CALL, "--json", "-o", "page", cwd=folder)
    report = json.loads(ran.stdout)
    assert report["page"] == "page/index.html"
    cost = pytest.approx((51 - 34) / 101 / 2, abs=1e-11)
    assert report["kinds"]["missed"] == {"count": 1, "cost": cost}
    assert report["confusion"]["counts"][0] == [1, 0, 2]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("instances.json", "results.json"), "name annotations with --annotations"),
        (
            ("instances.json", "my results.json"),
            "\n  dataforge evaluate --annotations instances.json 'my results.json'\n",
        ),
        (("results.json",), "name CONFIG and CHECKPOINT"),
        (("--annotations", "instances.json", "results.json", "x"), "one file of results"),
        (("--annotations", "instances.json", "results.json", "--split", "val"), "--split is of a"),
        ((*CALL[1:], "--device", "cpu"), "--device is of a config"),
        ((*CALL[1:], "--score", "nan"), "--score nan: must be from 0 to 1"),
        ((*CALL[1:], "--score", "1.5"), "--score 1.5: must be from 0 to 1"),
        (("--annotations", "s3://b/c.json", "results.json"), "s3://b/c.json: name a file on"),
        (("--annotations", "instances.json", "s3://b/c.json"), "s3://b/c.json: name a file on"),
        (("a.py", "b.pth", "--images", "."), "--images is for --annotations"),
    ],
)
def test_what_does_not_go_together(
    call: tuple[str, ...], said: str, folder: Path, cli: Cli
) -> None:
    ran = cli("evaluate", *call, cwd=folder)
    assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr


def test_a_least_score_is_one_of_the_file(folder: Path, cli: Cli) -> None:
    """Scores in percent: 95 is the highest."""
    written(folder, results=[{**one, "score": 100 * one["score"]} for one in results()])
    ran = cli(*CALL, "--score", "30", "--json", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["confusion"]["score"] == 30
    ran = cli(*CALL, "--score", "96", "--force", cwd=folder)
    assert (ran.returncode, "--score 96: must be from 0 to 95" in ran.stderr) == (2, True)
    with pytest.raises(UsageError, match=r"^score 96: must be from 0 to 95$"):
        dataforge.evaluate(folder / "results.json", annotations=folder / "instances.json", score=96)


def test_quiet_prints_what_was_left_out_and_no_table(folder: Path, cli: Cli) -> None:
    more = [{**results()[0], "image_id": 99}, *results()]
    written(folder, results=more)
    ran = cli(*CALL, "--quiet", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    left_out = "1 result whose image_id the annotations do not have; the first is $[0]"
    assert ran.stdout.splitlines() == [f"note: left out: {left_out} (image_id 99)"]
