"""``dataforge lr``."""

from __future__ import annotations

import json

import pytest
from command_line import Cli


def test_the_first_line_is_the_rate(cli: Cli) -> None:
    result = cli("lr", "--base", "0.02", "--base-batch", "16", "--gpus", "1", "--per-gpu", "2")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "0.0025\n  = 0.02 / 16 x 1 GPU x 2 images\n"
    assert cli("lr", "--gpus", "8", "-q").stdout == "0.02\n"


def test_images_add_the_schedule(cli: Cli) -> None:
    result = cli("lr", "--images", "20")
    assert "\n108 epochs, 1,080 steps in all; " in result.stdout
    assert "warm-up over 108 steps" in result.stdout
    assert "the schedule of mmdetection itself fits" in cli("lr", "--images", "100000").stdout


def test_as_json(cli: Cli) -> None:
    document = json.loads(cli("lr", "--gpus", "4", "--json").stdout)
    assert (document["lr"], document["batch"], document["schedule"]) == (0.01, 8, None)
    document = json.loads(cli("lr", "--images", "20", "--json").stdout)
    assert document["schedule"]["milestones"] == [72, 99]
    assert document["why"].startswith("an epoch has 10 steps; ")


@pytest.mark.parametrize(
    "option",
    [("--base", "0"), ("--base", "-1"), ("--base", "nan"), ("--base", "inf"), ("--gpus", "0"),
     ("--per-gpu", "-2"), ("--base-batch", "0"), ("--images", "0"), ("--gpus", "9" * 400)],
)  # fmt: skip
def test_nonsense_is_wrong_usage(cli: Cli, option: tuple[str, str]) -> None:
    result = cli("lr", *option)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
