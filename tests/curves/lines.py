"""Logs as the three frameworks write them, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from helpers import write


def mmdet2(
    rows: Iterable[tuple[int, int, float]], **evaluated: Mapping[int, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Lines of mmdetection 2: (epoch, iter, loss), and after each epoch what was evaluated.

    Args:
        rows: of training.
        evaluated: `val` -> epoch -> metrics and losses.
    """
    lines: list[dict[str, Any]] = [{"env_info": "x", "config": "model = 1", "seed": 0}]
    rows = list(rows)
    for epoch in sorted({row[0] for row in rows}):
        lines += [
            {"mode": "train", "epoch": epoch, "iter": iteration, "lr": 0.1, "data_time": 0.1,
             "loss_bbox": loss / 2, "acc": 90.0, "loss": loss, "time": 0.2}
            for of, iteration, loss in rows if of == epoch
        ]  # fmt: skip
        for metrics in (found.get(epoch, {}) for found in evaluated.values()):
            if metrics:
                lines.append({"mode": "val", "epoch": epoch, "iter": 6, "lr": 0.1, **metrics})
    return lines


def mmdet3(
    rows: Iterable[tuple[int, int, float]], val: Mapping[int, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Lines of mmdetection 3: (epoch, step from the start, loss); epoch -> what was evaluated."""
    lines: list[dict[str, Any]] = []
    rows = list(rows)
    for epoch in sorted({row[0] for row in rows}):
        lines += [
            {"lr": 0.1, "data_time": 0.1, "loss": loss, "loss_bbox": loss / 2, "time": 0.2,
             "epoch": epoch, "iter": step, "step": step}
            for of, step, loss in rows if of == epoch
        ]  # fmt: skip
        if epoch in val:
            lines.append({**val[epoch], "data_time": 0.1, "time": 0.2, "step": epoch})
    return lines


def write_log(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    """A log of these lines; NaN is written as Python writes it."""
    return write(path, "".join(json.dumps(line) + "\n" for line in lines))
