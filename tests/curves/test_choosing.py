"""Which curves are shown, and what they are called."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from curves.lines import mmdet2, mmdet3, write_log

from dataforge.errors import UsageError
from dataforge.verbs.curves import Curve, Log, choose, names, read_log, smoothed


@pytest.fixture
def logs(tmp_path: Path) -> list[Log]:
    """Of both generations of mmdetection."""
    scores, losses = {1: {"bbox_mAP": 0.1, "bbox_mAP_50": 0.2}}, {1: {"loss": 2.5, "acc": 80.0}}
    two = mmdet2([(1, 1, 3.0), (1, 2, 2.0)], scores=scores, losses=losses)
    three = mmdet3([(1, 1, 3.0), (1, 2, 2.0)], {1: {"pascal_voc/AP50": 0.5}})
    return [
        read_log(write_log(tmp_path / "two" / "20260101_000000.log.json", two)),
        read_log(write_log(tmp_path / "three" / "20260101_000000/vis_data/scalars.json", three)),
    ]


def said(curves: list[Curve]) -> list[tuple[str, str, str]]:
    return [(curve.run, curve.title, curve.kind) for curve in curves]


def test_the_loss_and_ap_unless_others_are_named(logs: list[Log]) -> None:
    assert said(choose(logs)) == [
        ("two", "loss", "loss"), ("two", "loss (val)", "loss"), ("two", "AP", "metric"),
        ("two", "AP50", "metric"), ("three", "loss", "loss"), ("three", "AP50", "metric"),
    ]  # fmt: skip


def test_keys_of_any_framework(logs: list[Log]) -> None:
    for key in ("AP50", "bbox_mAP_50", "coco/bbox_mAP_50", "pascal_voc/AP50"):
        assert said(choose(logs, [key])) == [("two", "AP50", "metric"), ("three", "AP50", "metric")]
    assert said(choose(logs[:1], ["acc", "lr", "loss_bbox", "acc"])) == [
        ("two", "acc", "other"), ("two", "acc (val)", "other"), ("two", "lr", "other"),
        ("two", "loss_bbox", "loss"),
    ]  # fmt: skip


def test_a_key_that_is_not_there(logs: list[Log]) -> None:
    with pytest.raises(UsageError, match=r"--keys los: not in any log; did you mean 'loss'\?"):
        choose(logs, ["los"])
    with pytest.raises(
        UsageError, match=r"not in .*20260101_000000\.log\.json; there are AP, AP50"
    ):
        choose(logs[:1], ["zebra"])


def test_names_of_runs() -> None:
    def of(*paths: str) -> list[str]:
        return names(map(Path, paths))

    one, two = "w/a/20260101_000000.log.json", "w/a/20260102_000000.log.json"
    three = "w/b/20260101_000000/vis_data/scalars.json"
    assert of(one) == ["a"]
    assert of(one, three, "w/c/log.json") == ["a", "b", "c"]
    assert of(one, two) == ["a/20260101_000000", "a/20260102_000000"]
    assert of("w/x/a/log.json", "w/y/a/log.json") == ["x/a", "y/a"]
    assert of("w/first.json", "w/second.json") == ["first", "second"]
    assert of("w/20260101_000000/vis_data/20260101_000000.json") == ["w"]
    assert len({*of(one, one)}) == 2
    assert of() == []


def test_smoothing_leaves_out_what_is_no_number() -> None:
    assert smoothed([4, 2, 3], 1) == [4, 2, 3]
    assert smoothed([4, 2, 3, 7], 3) == [4, 3, 3, 4]
    values = smoothed([math.nan, 2, math.inf, 4], 4)
    assert math.isnan(values[0])
    assert values[1:] == [2, math.inf, 3]
    assert smoothed([], 3) == []


def test_what_has_left_the_window_leaves_no_trace() -> None:
    assert smoothed([1e300, 1.0, 2.0, 1e-320, 1e-320], 2)[2:] == [1.5, 1.0, 1e-320]
    assert smoothed([1e308, 1e308, -1e308, 0.1, math.inf, 0.3], 2)[1:] == [
        1e308, 0, -5e307, math.inf, 0.3,
    ]  # fmt: skip


def test_smoothing_costs_the_same_whatever_the_window() -> None:
    """The mean of 1 ... k is (k + 1) / 2; as a sum of each window, this would be 10**10 values."""
    values = smoothed(range(1, 200_001), 100_000)
    assert values[:100_000] == [(k + 1) / 2 for k in range(1, 100_001)]
    assert values[-1] == (100_001 + 200_000) / 2
