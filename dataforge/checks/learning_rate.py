"""A learning rate that does not fit the number of images in a step.

What: with SGD, the learning rate is more than four times as high, or as low, as the linear rule
says: 0.02 for a batch of 16 with Faster, Mask and Cascade R-CNN, 0.01 with RetinaNet, FCOS and
ATSS, and in proportion for other batches. The batch is images a GPU, times the steps that gradients
are gathered over, times one GPU. Where the file itself says ``auto_scale_lr``, its
``base_batch_size`` is the batch, and so it is where that is enabled.

Why: mmdetection's schedules are for 8 GPUs with 2 images each. On one GPU the same 0.02 is eight
times too high: the loss becomes nan in the first hundred steps, or stays where it is. One that is
much too low learns nothing in 12 epochs.

Example: lr is 0.02 with 2 images a step; the linear rule says 0.0025.

Fix: set the rate that the rule says. If you do train on so many GPUs, say
``auto_scale_lr = dict(enable=False, base_batch_size=16)`` in the config, and it is taken for that.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import Config, type_name
from dataforge.records import Finding

SEVERITY = "warning"

_FACTOR = 4
_BATCH = 16
_RATES = {
    "ATSS": 0.01, "CascadeRCNN": 0.02, "FCOS": 0.01, "FasterRCNN": 0.02, "MaskRCNN": 0.02,
    "RetinaNet": 0.01,
}  # fmt: skip


class Check(_base.Check):
    """Holds the rate against the linear rule."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        place = "optimizer" if config.generation == 2 else "optim_wrapper.optimizer"
        rate, batch = config.get(f"{place}.lr"), _batch(config)
        usual = _RATES.get(type_name(config.get("model") or {}))
        sgd = type_name(config.get(place) or {}) == "SGD"
        if not sgd or not usual or not isinstance(rate, (int, float)) or not batch or rate <= 0:
            return
        right = usual * batch / _BATCH
        if 1 / _FACTOR <= rate / right <= _FACTOR:
            return
        off, how = (rate / right, "high") if rate > right else (right / rate, "low")
        yield self.finding(
            document.name,
            f"lr is {rate:g} with {batch:g} images a step: {off:.3g} times as {how} as the linear "
            f"rule says, {right:g}; it fits {rate / usual * _BATCH:g} images",
            "set that rate; or, for more GPUs, state auto_scale_lr with the batch it is meant for",
            where=f"{place}.lr",
        )


def _batch(config: Config) -> float:
    """Images in a step; 0 where that is not known."""
    meant = config.get("auto_scale_lr.base_batch_size")
    if isinstance(meant, int) and (
        "auto_scale_lr" in config.own or config.get("auto_scale_lr.enable") is True
    ):
        return meant
    if config.generation == 2:
        images = config.get("data.train_dataloader.samples_per_gpu")
        images = images or config.get("data.samples_per_gpu")
        gathered = config.get("optimizer_config.cumulative_iters")
    else:
        images = config.get("train_dataloader.batch_size")
        gathered = config.get("optim_wrapper.accumulative_counts")
    steps = gathered if isinstance(gathered, int) else 1
    return images * steps if isinstance(images, int) and gathered in (None, steps) else 0
