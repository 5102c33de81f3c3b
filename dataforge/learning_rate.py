"""The learning rate for a batch size, and a schedule that is long enough for a small dataset."""

from __future__ import annotations

import math
from contextlib import suppress

import msgspec

from dataforge.errors import UsageError, plural

BASE_BATCH = 16
"""Images per step that the rates of mmdetection's and torchvision's own recipes are for: 8 GPUs
with 2 images each."""

_LEAST_STEPS = 1_000
"""Steps that a training has at least, where `_MOST_EPOCHS` allows it."""
_MOST_EPOCHS = 120
_WARM_UP = 10
"""Warm-up takes at most one in so many steps, but"""
_LEAST_WARM_UP = 100
"""steps, where that is not more than half of all: after a few, the loss of Mask R-CNN explodes."""


def learning_rate(base: float, gpus: int, per_gpu: int, base_batch: int = BASE_BATCH) -> float:
    """The learning rate by the linear scaling rule, in proportion to the images of a step.

    >>> learning_rate(0.02, gpus=1, per_gpu=2)
    0.0025
    >>> learning_rate(0.02, gpus=8, per_gpu=2)
    0.02

    Args:
        base: the learning rate for `base_batch`.
        gpus: number of GPUs.
        per_gpu: images per GPU and step.
        base_batch: images per step that `base` is for.

    Raises:
        UsageError: a number is not positive, or the result is no number.
    """
    rate = math.inf
    with suppress(OverflowError, ZeroDivisionError):
        rate = base * (gpus * per_gpu) / base_batch
    numbers = (base, gpus, per_gpu, base_batch)
    are_good = all(0 < number < math.inf for number in numbers)
    if not are_good or not 0 < rate < math.inf:
        which = f"the rate is {rate}, and it" if are_good else "each"
        raise UsageError(
            f"no learning rate for {base} per {base_batch} images on {gpus} x {per_gpu}: "
            f"{which} must be a number above 0"
        )
    return float(f"{rate:.10g}")  # 0.0025, and not 0.0025000000000000005


def steps_per_epoch(images: int, batch: int) -> int:
    """Steps that an epoch takes; the last one may have fewer images.

    >>> steps_per_epoch(20, 16)
    2
    """
    return -(-images // batch)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How long a training is.

    Attributes:
        epochs: number of epochs.
        milestones: epochs after which the learning rate is divided by ten.
        warm_up: steps over which the learning rate rises to its value.
        log_interval: steps between two lines of the log.
        interval: epochs between two evaluations, and between two checkpoints.
        steps: of an epoch; 0 if not known.
    """

    epochs: int
    milestones: tuple[int, ...]
    warm_up: int
    log_interval: int
    interval: int = 1
    steps: int = 0

    def fitted(self, images: int, batch: int) -> Schedule:
        """The same schedule, so that it works with this many images.

        It stays as it is if they are many: at least 1,000 steps, of which warm-up takes a tenth,
        and a log interval within an epoch. Otherwise it keeps its shape and gets several times as
        many epochs (120 at most), with as many evaluations and checkpoints as before.

        Args:
            images: of an epoch, which are more than the dataset has where it is repeated; 0 if not
                known.
            batch: images per step, on all GPUs.
        """
        if not images:
            return self
        steps = steps_per_epoch(images, batch)
        times = -(-_LEAST_STEPS // (steps * self.epochs))
        times = max(1, min(times, _MOST_EPOCHS // self.epochs))
        total = times * self.epochs * steps
        least = min(_LEAST_WARM_UP, total // 2)
        return Schedule(
            epochs=times * self.epochs,
            milestones=tuple(times * epoch for epoch in self.milestones),
            warm_up=min(self.warm_up, max(total // _WARM_UP, least)),
            log_interval=fitting_interval(self.log_interval, steps),
            interval=times * self.interval,
            steps=steps,
        )

    def total(self) -> int:
        """The steps of the whole training; 0 if not known."""
        return self.epochs * self.steps

    def why(self, stock: Schedule) -> str:
        """Why this is not the stock schedule; empty if it is."""
        parts = [f"an epoch has {plural(self.steps, 'step')}"]
        if self.epochs != stock.epochs:
            parts.append(
                f"{stock.epochs} epochs would be {stock.epochs * self.steps} steps, so there are "
                f"{self.epochs}, evaluated and saved every {self.interval}"
            )
        if self.warm_up != stock.warm_up:
            parts.append(f"warm-up takes {self.warm_up} steps, not {stock.warm_up}")
        if self.log_interval != stock.log_interval:
            parts.append(
                f"the log has a line every {plural(self.log_interval, 'step')}, not "
                f"{stock.log_interval}"
            )
        return "; ".join(parts) if len(parts) > 1 else ""


def fitting_interval(interval: int, steps: int) -> int:
    """A log interval that an epoch of so many steps has room for; half of it if it has not.

    mmdetection 2 writes nothing about an epoch that is shorter than the interval.

    >>> fitting_interval(50, 50), fitting_interval(50, 49), fitting_interval(50, 1)
    (50, 24, 1)
    """
    return interval if interval <= steps else max(1, steps // 2)


MMDET_SCHEDULE = Schedule(epochs=12, milestones=(8, 11), warm_up=500, log_interval=50)
"""Of mmdetection: its schedule_1x and default_runtime."""

TORCHVISION_SCHEDULE = Schedule(epochs=26, milestones=(16, 22), warm_up=0, log_interval=1)
"""Of torchvision's reference script; the generated one finds its warm-up itself, and logs each
step."""
