"""Which curves of which runs are shown, and their names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Literal

import msgspec

from dataforge.errors import UsageError, did_you_mean, first_of
from dataforge.verbs.curves.logs import SPLITS, STAMP, Log, Point, Split, shared_name

Kind = Literal["loss", "metric", "other"]

_LOSSES = ("loss", "objectness", "bbox_regression", "classification", "bbox_ctrness")
"""Parts of the names of losses; those of torchvision's RetinaNet do not say that they are some."""
_USUAL = ("loss", "AP", "AP50")


class Curve(msgspec.Struct, frozen=True):
    """The values of one key in one run.

    Attributes:
        run: name of the run.
        key: `shared_name`.
        split: what the values are of; metrics are always of val.
        points: never empty.
    """

    run: str
    key: str
    split: Split
    points: list[Point]

    @property
    def title(self) -> str:
        """Its name within the run."""
        return f"{self.key} (val)" if self.split == "val" and self.kind != "metric" else self.key

    @property
    def kind(self) -> Kind:
        """What the values are."""
        if any(word in self.key for word in _LOSSES):
            return "loss"
        return "metric" if self.split == "val" and self.key != "acc" else "other"

    def finite(self) -> list[Point]:
        """The points whose value is a number."""
        return [point for point in self.points if math.isfinite(point.value)]


def choose(logs: Sequence[Log], keys: Iterable[str] = ()) -> list[Curve]:
    """The curves of some keys, in training and in validation.

    Args:
        logs: of the runs.
        keys: as in the logs or as `shared_name`; without any the loss, AP and AP50.

    Raises:
        UsageError: no log has a key.
    """
    wanted = [shared_name(key) for key in keys]
    known = {key: None for log in logs for key in (*log.train, *log.val)}
    for key in wanted:
        if key not in known:
            hint = did_you_mean(key, [*known], f"there are {first_of(sorted(known), 20)}")
            where = logs[0].path if len(logs) == 1 else "any log"
            raise UsageError(f"--keys {key}: not in {where}; {hint}")
    chosen = wanted or [key for key in _USUAL if key in known] or [*known][:1]
    return [
        Curve(run, key, split, log.curves(split)[key])
        for run, log in zip(names(log.path for log in logs), logs, strict=True)
        for key in dict.fromkeys(chosen)
        for split in SPLITS
        if key in log.curves(split)
    ]


def names(paths: Iterable[Path]) -> list[str]:
    """A name for each log, all different: the folder of the run, and more of the path if needed.

    >>> names(map(Path, ("work/a/20260101_000000.log.json", "work/b/log.json", "work/c.json")))
    ['a', 'b', 'c']
    """
    runs = [_run_of(path.absolute()) for path in paths]
    longest = max((len(run.parts) for run, _ in runs), default=0)
    for with_time in (False, True):
        for count in range(1, longest + 1):
            found = ["/".join(run.parts[-count:]) + when * with_time for run, when in runs]
            if len({*found}) == len(found):
                return found
    return [f"{number}: {run}" for number, (run, _) in enumerate(runs, 1)]


def _run_of(path: Path) -> tuple[PurePath, str]:
    """(the path that says which run a log is of, when it began as ``/20260101_000000`` or "")."""
    stem = path.name.removesuffix(".json").removesuffix(".log")
    if path.name not in ("log.json", "scalars.json") and not STAMP.fullmatch(stem):
        return path.parent / stem, ""
    folder = path.parent.parent if path.parent.name == "vis_data" else path.parent
    if STAMP.fullmatch(folder.name):
        return folder.parent, f"/{folder.name}"
    return folder, f"/{stem}" if STAMP.fullmatch(stem) else ""


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """Each value's mean with the ones before it, `window` in all.

    What is no number counts in none of them, and stays.

    >>> smoothed([4, 2, 3, float("nan"), 5], 2)
    [4.0, 3.0, 2.5, nan, 5.0]
    """
    exact = [_in_units(value) if math.isfinite(value) else None for value in values]
    means: list[float] = []
    total = count = 0
    for i, value in enumerate(values):
        entering, leaving = exact[i], exact[i - window] if i >= window else None
        if entering is not None:
            total, count = total + entering, count + 1
        if leaving is not None:
            total, count = total - leaving, count - 1
        means.append(value if entering is None else total / (count << _UNIT_BITS))
    return means


_UNIT_BITS = 1074
"""Any float is a whole multiple of 2 to the power of minus this: sums of those are exact."""


def _in_units(value: float) -> int:
    numerator, denominator = float(value).as_integer_ratio()
    return numerator << (_UNIT_BITS + 1 - denominator.bit_length())
