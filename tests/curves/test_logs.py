"""Logs of the three frameworks are read, wherever they are and whatever is wrong with them."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from curves.lines import mmdet2, mmdet3, write_log
from helpers import write

from dataforge.errors import InputError, ParseError
from dataforge.verbs.curves import Log, read_log


def points(log: Log, key: str, split: str = "train") -> list[tuple[float, float, float]]:
    """(epoch, step, value) of a curve."""
    return [(one.epoch, one.step, one.value) for one in getattr(log, split)[key]]


# The three formats -----------------------------------------------------------------------------


def test_mmdetection_2_counts_within_the_epoch(tmp_path: Path) -> None:
    rows = [(1, 5, 3.0), (1, 10, 2.0), (2, 5, 1.5), (2, 10, 1.0)]
    scores = {1: {"bbox_mAP": 0.1, "bbox_mAP_50": 0.2, "bbox_mAP_copypaste": "0.1 0.2"}}
    losses = {1: {"loss_val": 2.5, "loss_bbox_val": 1.0, "acc_val": 80.0}, 2: {"loss_val": 2.25}}
    log = read_log(write_log(tmp_path / "a.log.json", mmdet2(rows, scores=scores, losses=losses)))
    assert points(log, "loss") == [(0.5, 5, 3), (1, 10, 2), (1.5, 15, 1.5), (2, 20, 1)]
    assert points(log, "loss", "val") == [(1, 10, 2.5), (2, 20, 2.25)]
    assert points(log, "AP", "val") == [(1, 10, 0.1)]
    assert points(log, "AP50", "val") == [(1, 10, 0.2)]
    assert set(log.train) == {"lr", "data_time", "loss_bbox", "acc", "loss", "time"}
    assert set(log.val) == {"AP", "AP50", "loss", "loss_bbox", "acc"}
    assert not log.cut_off


def test_mmdetection_3_counts_from_the_start(tmp_path: Path) -> None:
    # Of 12 steps an epoch, with a line every 5: that of the 10th is the last of the first epoch.
    rows = [(1, 5, 3.0), (1, 10, 2.0), (2, 17, 1.5), (2, 22, 1.0)]
    val = {1: {"coco/bbox_mAP_50": 0.2}, 2: {"pascal_voc/AP50": 0.3, "val/loss": 2.0}}
    log = read_log(write_log(tmp_path / "scalars.json", mmdet3(rows, val)))
    assert points(log, "loss") == [(5 / 12, 5, 3), (10 / 12, 10, 2), (17 / 12, 17, 1.5),
                                   (22 / 12, 22, 1)]  # fmt: skip
    assert points(log, "AP50", "val") == [(1, 12, 0.2), (2, 24, 0.3)]
    assert points(log, "loss", "val") == [(2, 24, 2)]
    assert set(log.val) == {"AP50", "loss"}


def test_the_script_for_torchvision(tmp_path: Path) -> None:
    of_class = {"cat": {"AP": 0.1, "AP50": None}}
    masks = {"AP": 0.25, "AP50": 0.5, "by_class": of_class}
    rows = [
        {"mode": "train", "epoch": 1, "iter": 1, "lr": 0.1, "loss": 2.0, "loss_mask": 1.0},
        {"mode": "train", "epoch": 1, "iter": 2, "lr": 0.1, "loss": 1.0, "loss_mask": 0.5},
        {"mode": "val", "epoch": 1, "loss": 1.5, "AP": 0.3, "AP50": None, "by_class": of_class,
         "masks": masks},
    ]  # fmt: skip
    log = read_log(write_log(tmp_path / "log.json", rows))
    assert points(log, "loss_mask") == [(0.5, 1, 1), (1, 2, 0.5)]
    assert {key: points(log, key, "val") for key in log.val} == {
        "loss": [(1, 2, 1.5)], "AP": [(1, 2, 0.3)],
        "mask AP": [(1, 2, 0.25)], "mask AP50": [(1, 2, 0.5)],
    }  # fmt: skip


def test_a_runner_without_epochs(tmp_path: Path) -> None:
    steps = [{"loss": 2.0, "iter": 10, "step": 10}, {"loss": 1.0, "iter": 20, "step": 20}]
    lines = [*steps, {"coco/bbox_mAP": 0.1, "step": 0}]  # mmengine says epoch 0
    log = read_log(write_log(tmp_path / "scalars.json", lines))
    assert [(step, value) for _, step, value in points(log, "loss")] == [(10, 2), (20, 1)]
    assert points(log, "AP", "val")[0][1:] == (20, 0.1)
    assert not log.has("epoch")
    assert log.has("step")


def test_a_runner_of_mmdetection_2_that_counts_from_the_start(tmp_path: Path) -> None:
    rows = [(1, 50, 3.0), (1, 100, 2.0), (2, 150, 1.5), (3, 250, 1.0)]
    log = read_log(write_log(tmp_path / "a.log.json", mmdet2(rows)))
    assert [point.step for point in log.train["loss"]] == [50, 100, 150, 250]


def test_an_epoch_with_one_line(tmp_path: Path) -> None:
    rows = [(1, 50, 3.0), (2, 50, 2.0), (3, 50, 1.0)]
    log = read_log(write_log(tmp_path / "a.log.json", mmdet2(rows)))
    assert points(log, "loss") == [(1, 50, 3), (2, 100, 2), (3, 150, 1)]


def test_a_resumed_run(tmp_path: Path) -> None:
    log = read_log(write_log(tmp_path / "a.log.json", mmdet2([(4, 5, 2.0), (4, 10, 1.0)])))
    assert points(log, "loss") == [(3.5, 35, 2), (4, 40, 1)]
    log = read_log(write_log(tmp_path / "b.json", mmdet3([(4, 35, 2.0), (4, 40, 1.0)], {})))
    assert points(log, "loss") == [(3.5, 35, 2), (4, 40, 1)]


def test_a_log_of_evaluations_alone(tmp_path: Path) -> None:
    """mmdetection 2 writes nothing of an epoch that is shorter than the log interval."""
    lines = [{"mode": "val", "epoch": epoch, "iter": 6, "AP50": 0.1} for epoch in (1, 2)]
    log = read_log(write_log(tmp_path / "a.log.json", lines))
    assert [point.epoch for point in log.val["AP50"]] == [1, 2]
    assert log.has("epoch")
    assert not log.has("step")


# Values that are none, and files that are broken -------------------------------------------------


def test_what_is_no_number_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "".join(
        f'{{"mode": "train", "epoch": 1, "iter": {i}, "loss": {value}, "acc": true}}\n'
        for i, value in enumerate(("NaN", "Infinity", "-Infinity", "1e999", "1", "9" * 400), 1)
    ))  # fmt: skip
    log = read_log(path)
    values = [point.value for point in log.train["loss"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, math.inf, 1, math.inf]
    assert "acc" not in log.train


@pytest.mark.parametrize("end", ['{"mode": "tr', '{"mode": "train", "epoch": 1', "{", '"x"', "nul"])
def test_a_last_line_that_is_cut_off_is_left_out(tmp_path: Path, end: str) -> None:
    lines = "".join(json.dumps(line) + "\n" for line in mmdet2([(1, 1, 2.0)]))
    log = read_log(write(tmp_path / "a.log.json", lines + end))
    assert log.cut_off
    assert points(log, "loss") == [(1, 1, 2)]
    with pytest.raises(ParseError, match=r"json:3"):  # but not where more follows
        read_log(write(tmp_path / "a.log.json", f"{lines}{end}\n{lines}"))


def test_a_last_line_without_a_line_end_counts(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(line) for line in mmdet2([(1, 1, 2.0), (1, 2, 1.0)]))
    log = read_log(write(tmp_path / "a.log.json", text))
    assert (len(log.train["loss"]), log.cut_off) == (2, False)


@pytest.mark.parametrize(
    ("line", "where", "message"),
    [
        ("2026-01-01 - mmdet - INFO - Epoch [1]", "line 2, column 5", "is not JSON"),
        ("[1]", "line 2", "is not an object"),
        ('{"mode": "test", "epoch": 1, "iter": 1}', "line 2", "its mode is 'test'"),
        ('{"mode": ["train"], "epoch": 1, "iter": 1}', "line 2", "its mode is"),
        ('{"mode": "train", "epoch": 1}', "line 2", "has no iter"),
        ('{"mode": "val", "iter": 1}', "line 2", "has no epoch"),
        ('{"mode": "train", "epoch": "1", "iter": 1}', "line 2", "its epoch is not a count"),
        ('{"mode": "train", "epoch": -1, "iter": 1}', "line 2", "its epoch is not a count"),
        ('{"mode": "train", "epoch": 1, "iter": 1.5}', "line 2", "its iter is not a count"),
        ('{"step": NaN, "iter": 1}', "line 2", "its step is not a count"),
        (f'{{"step": {10**30}}}', "line 2", "its step is not a count"),
        ("[" * 100_000, "line 2", "is not JSON"),
        (f'{{"mode": "train", "epoch": {"9" * 5000}}}', "line 2", "is not JSON of a log"),
        ("\udcff", "line 2", "is not UTF-8"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, where: str, message: str) -> None:
    good = json.dumps({"mode": "train", "epoch": 1, "iter": 1, "loss": 1})
    path = tmp_path / "a.log.json"
    path.write_bytes(f"{good}\n{line}\n{good}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(ParseError) as raised:
        read_log(path)
    assert (raised.value.file, raised.value.where) == (str(path), where)
    assert message in raised.value.message


@pytest.mark.parametrize("text", ["", "\n\n", '{"env_info": "x", "seed": 0}\n', "{}\n"])
def test_a_log_without_values(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="no line of this log has a loss or a metric yet"):
        read_log(write(tmp_path / "a.log.json", text))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="cannot be read"):
        read_log(tmp_path / "none.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParseError, match="is a pipe"):
        read_log(tmp_path / "pipe")


# The folder of a run -----------------------------------------------------------------------------


def one_value(path: Path, loss: float) -> Path:
    line: dict[str, Any] = {"mode": "train", "epoch": 1, "iter": 1, "loss": loss}
    if path.name == "scalars.json":
        line = {"step": 1, "iter": 1, "epoch": 1, "loss": loss}
    return write_log(path, [line])


def test_the_newest_log_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no log in this folder: neither .*log\.json"):
        read_log(tmp_path)
    one_value(tmp_path / "log.json", 1)
    assert read_log(tmp_path).train["loss"][0].value == 1
    # The names of mmdetection say when a run began, also if the files were copied later.
    newest = one_value(tmp_path / "20990102_000000.log.json", 2)
    older = one_value(tmp_path / "20990101_235959.log.json", 3)
    os.utime(newest, (1, 1))
    assert read_log(tmp_path).path == newest
    vis = one_value(tmp_path / "20990103_000000" / "vis_data" / "scalars.json", 4)
    assert read_log(tmp_path).path == vis
    for folder in (vis.parent, vis.parent.parent):
        assert read_log(folder).path == vis
    assert read_log(older).path == older
