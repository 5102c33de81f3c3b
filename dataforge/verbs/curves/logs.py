"""Logs of training as numbers: of mmdetection 2 and 3, and of the script made for torchvision.

All three are lines of JSON. mmdetection 2's `*.log.json` and train.py's `log.json` name the mode of
a line, and count `iter` within the epoch; mmdetection 3's `scalars.json` counts it from the start,
and a line without it belongs to a validation, whose `step` is the epoch.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from dataforge.errors import InputError, ParseError
from dataforge.io import read_file

_COUNTERS = frozenset({"epoch", "iter", "mode", "step"})
_OF_TRAINING = frozenset({"data_time", "eta", "grad_norm", "lr", "memory", "time"})
"""What lines of a validation have too, and says nothing there."""
_PREFIX = re.compile("(train|val|coco|pascal_voc)/")
_COCO_METRIC = re.compile(r"(bbox|segm)_mAP(?:_(50|75))?")
STAMP = re.compile(r"\d{8}_\d{6}")
"""What both generations of mmdetection name a run's files by: when it began."""
_MOST_STEPS = 2**53
"""Numbers of epochs and steps are below this, so that floats have them."""


Split = Literal["train", "val"]
SPLITS: tuple[Split, ...] = get_args(Split)


class Point(msgspec.Struct, frozen=True):
    """One value of a curve.

    Attributes:
        epoch: epochs that have passed, 0.5 in the middle of the first; NaN if not known.
        step: steps that have passed.
        value: may be NaN or infinite.
    """

    epoch: float
    step: float
    value: float


class Log(msgspec.Struct, frozen=True):
    """What one run has logged.

    Attributes:
        path: the file.
        train, val: `shared_name` -> its values, in the order of the file.
        cut_off: the last line is incomplete, as it is while a run is writing, or after a crash.
    """

    path: Path
    train: dict[str, list[Point]]
    val: dict[str, list[Point]]
    cut_off: bool = False

    def curves(self, split: Split) -> dict[str, list[Point]]:
        """Those of one split."""
        return self.train if split == "train" else self.val

    def has(self, what: Literal["epoch", "step"]) -> bool:
        """Whether every value has an epoch, or a step."""
        curves = (*self.train.values(), *self.val.values())
        return not any(math.isnan(getattr(point, what)) for curve in curves for point in curve)


class _Line(msgspec.Struct, frozen=True):
    """One line: its values, and what it says about when.

    Attributes:
        epoch: number of the epoch, from 1; None if it says nothing.
        step: steps in that epoch or from the start; None in a validation.
        of_mmengine: it counts steps from the start.
    """

    train: bool
    epoch: int | None
    step: int | None
    of_mmengine: bool
    values: dict[str, float]


def read_log(path: Path) -> Log:
    """Read a log, or the newest one in the folder of a run.

    Raises:
        InputError: there is none, or it has no values.
        ParseError: a line is not one of a log; the last one may be cut off.
    """
    file = _newest(path) if path.is_dir() else path
    lines, cut_off = _lines(file)
    from_start = _counts_from_start(lines)
    length = _steps_per_epoch(lines, from_start)
    log, last = Log(file, {}, {}, cut_off), 0.0
    for line in lines:
        epoch, step = _when(line, length, from_start, last)
        last = step
        curves = log.curves("train" if line.train else "val")
        for key, value in line.values.items():
            curves.setdefault(key, []).append(Point(epoch, step, value))
    if not log.train and not log.val:
        raise InputError(f"{file}: no line of this log has a loss or a metric yet")
    return log


# Where it is ------------------------------------------------------------------------------------


def _newest(folder: Path) -> Path:
    """The newest log in the folder of a run.

    Raises:
        InputError: there is none.
    """
    found = [
        path
        for pattern in ("*.log.json", "log.json", "scalars.json", "vis_data/scalars.json",
                        "*/vis_data/scalars.json")
        for path in folder.glob(pattern)
        if path.is_file()
    ]  # fmt: skip
    if not found:
        raise InputError(
            f"{folder}: no log in this folder: neither TIMESTAMP.log.json (mmdetection 2), nor "
            "TIMESTAMP/vis_data/scalars.json (mmdetection 3), nor log.json (train.py)"
        )
    return max(found, key=_stamp)


def _stamp(path: Path) -> tuple[str, str]:
    """When a run began, by the name that both mmdetections give; else when the file changed."""
    stamps = STAMP.findall("/".join(path.parts[-3:]))
    changed = time.strftime("%Y%m%d_%H%M%S", time.localtime(path.stat().st_mtime))
    return (stamps[-1] if stamps else changed, str(path))


# Lines ------------------------------------------------------------------------------------------


def _lines(file: Path) -> tuple[list[_Line], bool]:
    """The lines with values, and whether the last one is cut off."""
    data = read_file(file)
    texts = data.split(b"\n")
    lines: list[_Line] = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            row = _row(text, file, number)
        except ParseError:
            if number == len(texts):  # without the line end that is written with the rest
                return lines, True
            raise
        if (line := _line(row, file, number)) is not None:
            lines.append(line)
    return lines, False


def _row(text: bytes, file: Path, number: int) -> dict[str, Any]:
    """One line as JSON, in which Python writes NaN and Infinity."""
    where = f"line {number}"
    try:
        row = json.loads(text)
    except UnicodeDecodeError as error:
        raise ParseError(str(file), where, "is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ParseError(
            str(file), f"{where}, column {error.colno}", f"is not JSON: {error.msg}"
        ) from error
    except (ValueError, RecursionError) as error:  # digits or brackets without end
        raise ParseError(str(file), where, "is not JSON of a log") from error
    if not isinstance(row, dict):
        raise ParseError(str(file), where, "is not an object, as each line of a log is")
    return row


def _line(row: Mapping[str, Any], file: Path, number: int) -> _Line | None:
    """The values of a line; None for one that describes the run, as mmdetection 2's first."""
    epoch, step, at = (_count(row, key, file, number) for key in ("epoch", "iter", "step"))
    mode = row.get("mode")
    if mode is None and at is None:
        return None
    if mode not in (None, "train", "val"):
        raise ParseError(str(file), f"line {number}", f"its mode is {mode!r}, not train or val")
    train = step is not None if mode is None else mode == "train"
    if mode is None and not train:
        epoch = at
    needed = {"epoch": epoch if mode is not None else 0, "iter": step if train else 0}
    if missing := [key for key, value in needed.items() if value is None]:
        raise ParseError(str(file), f"line {number}", f"has no {missing[0]}, as lines of logs have")
    return _Line(train, epoch, step if train else None, mode is None, dict(_values(row, train)))


def _count(row: Mapping[str, Any], key: str, file: Path, number: int) -> int | None:
    """A number of epochs or steps, if the line has it."""
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or not 0 <= value < _MOST_STEPS:
        raise ParseError(str(file), f"line {number}", f"its {key} is not a count")
    return value


def _values(row: Mapping[str, Any], train: bool) -> Iterator[tuple[str, float]]:
    """The numbers of a line that are plotted, by the names that all frameworks share."""
    masks = row.get("masks")  # of train.py: scores of masks, beside those of boxes
    inner = masks.items() if isinstance(masks, Mapping) else ()
    for key, value in (*row.items(), *((f"mask {key}", value) for key, value in inner)):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or key in _COUNTERS or (not train and key in _OF_TRAINING):
            continue
        try:
            yield shared_name(key), float(value)
        except OverflowError:
            yield shared_name(key), math.inf


def shared_name(key: str) -> str:
    """The name of a loss or a metric in all frameworks.

    >>> [shared_name(key) for key in ("coco/bbox_mAP", "bbox_mAP_50", "pascal_voc/AP50", "AP50")]
    ['AP', 'AP50', 'AP50', 'AP50']
    >>> [shared_name(key) for key in ("segm_mAP", "val/loss_cls", "loss_cls_val", "loss_cls")]
    ['mask AP', 'loss_cls', 'loss_cls', 'loss_cls']
    """
    name = _PREFIX.sub("", key).removesuffix("_val")  # mmdetection 2's, of losses
    if found := _COCO_METRIC.fullmatch(name):
        kind, threshold = found.groups()
        return f"{'mask ' if kind == 'segm' else ''}AP{threshold or ''}"
    return name


# When -------------------------------------------------------------------------------------------


def _counts_from_start(lines: Iterable[_Line]) -> bool:
    """Whether steps are counted from the start of the run, and not from that of the epoch.

    mmdetection 2 does that with its IterBasedRunner: the number never falls from epoch to epoch.
    """
    training = [line for line in lines if line.train]
    if any(line.of_mmengine for line in training):
        return True
    turns = [
        (one.step or 0) < (two.step or 0)
        for one, two in pairwise(training)
        if (one.epoch or 0) < (two.epoch or 0)
    ]
    return bool(turns) and all(turns)


def _steps_per_epoch(lines: Iterable[_Line], from_start: bool) -> int:
    """Steps of an epoch, as far as the log shows; 0 if it has no epochs.

    Counted from the start, the first lines of two epochs are an epoch apart. Counted within, the
    last line of an epoch may stand before its end by less than the log interval.
    """
    first: dict[int, int] = {}
    last = 0
    for line in lines:
        if line.train and line.epoch and line.step is not None:
            first.setdefault(line.epoch, line.step)
            last = max(last, line.step)
    if not first:
        return 0
    if not from_start:
        return max(1, last)
    for epoch in sorted(first):
        if epoch + 1 in first:
            return max(1, first[epoch + 1] - first[epoch])
    return max(1, round(last / max(first)))


def _when(line: _Line, length: int, from_start: bool, last: float) -> tuple[float, float]:
    """(epochs, steps) that have passed at a line.

    Args:
        length: steps of an epoch; 0 if there are no epochs.
        from_start: whether the line counts steps from the start.
        last: steps that had passed at the line before.
    """
    if line.step is None:  # a validation, after the whole epoch
        epoch = float(line.epoch or 0)
        if not length and line.of_mmengine:
            return math.nan, last
        return epoch, epoch * length if length else math.nan
    step = line.step if from_start else max(0, (line.epoch or 1) - 1) * length + line.step
    return step / length if length else math.nan, float(step)
