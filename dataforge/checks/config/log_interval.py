"""A log interval longer than an epoch."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.learning_rate import fitting_interval, steps_per_epoch
from dataforge.mmconfig import Config, datasets


class Check(base.Check):
    """Compares the interval with the steps of an epoch."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        interval = file.config.get("log_config.interval")
        steps = _steps(file.config)
        if isinstance(interval, int) and steps and interval > steps:
            yield self.finding(
                Place(file.name, "log_config.interval"),
                f"the log is written every {interval} steps, but an epoch has only {steps:,}",
                f"set it to a fraction of an epoch, such as {fitting_interval(interval, steps)}",
            )


def _steps(config: Config) -> int:
    """Steps per epoch on one GPU; 0 if unknown or irrelevant."""
    batch = config.get("data.train_dataloader.samples_per_gpu")
    batch = batch or config.get("data.samples_per_gpu")
    if config.generation != 2 or not isinstance(batch, int) or batch < 1:
        return 0
    images = 0
    for dataset in datasets(config, "train"):
        number = dataset.number_of_images()
        if number is None or not dataset.times:
            return 0
        images += number * dataset.times
    return steps_per_epoch(images, batch)
