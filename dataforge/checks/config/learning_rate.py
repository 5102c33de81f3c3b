"""A learning rate that does not match the batch size."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.learning_rate import BASE_BATCH, learning_rate
from dataforge.mmconfig import Config, type_name

_FACTOR = 4
_MOST_IMAGES = 1_000_000
"""Images per step; what is beyond is no batch."""
_RATES = {
    "ATSS": 0.01, "CascadeRCNN": 0.02, "FCOS": 0.01, "FasterRCNN": 0.02, "MaskRCNN": 0.02,
    "RetinaNet": 0.01,
}  # fmt: skip


class Check(base.Check):
    """Compares the rate with the linear scaling rule."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        place = "optimizer" if config.generation == 2 else "optim_wrapper.optimizer"
        rate = config.get(f"{place}.lr")
        batches = [batch for batch in _batches(config) if 0 < batch < _MOST_IMAGES]
        usual = _RATES.get(type_name(config.get("model") or {}))
        sgd = type_name(config.get(place) or {}) == "SGD"
        if not sgd or not usual or not isinstance(rate, (int, float)) or not batches or rate <= 0:
            return
        rights = [learning_rate(usual, 1, batch) for batch in batches]
        if any(1 / _FACTOR <= rate / right <= _FACTOR for right in rights):
            return
        batch, right = batches[0], rights[0]
        off, how = (rate / right, "high") if rate > right else (right / rate, "low")
        yield self.finding(
            Place(file.name, f"{place}.lr"),
            f"lr is {rate:g} with {batch:g} images per step: {off:.3g} times as {how} as the "
            f"linear rule gives, {right:g}; it matches {rate / usual * BASE_BATCH:g} images",
            "set that rate; for more GPUs, set auto_scale_lr with the batch size it is meant for",
        )


def _batches(config: Config) -> list[int]:
    """Images per step that the rate may be meant for; none if unknown."""
    meant = config.get("auto_scale_lr.base_batch_size")
    if isinstance(meant, int) and config.get("auto_scale_lr.enable") is True:
        return [meant]
    if config.generation == 2:
        images = config.get("data.train_dataloader.samples_per_gpu")
        images = images or config.get("data.samples_per_gpu")
        gathered = config.get("optimizer_config.cumulative_iters")
    else:
        images = config.get("train_dataloader.batch_size")
        gathered = config.get("optim_wrapper.accumulative_counts")
    steps = gathered if isinstance(gathered, int) else 1
    known = isinstance(images, int) and images > 0 and gathered in (None, steps)
    # With `--auto-scale-lr`, the rate is that of the size that the config names itself.
    named = [meant] if isinstance(meant, int) and "auto_scale_lr" in config.own else []
    return [images * steps, *named] if known else []
