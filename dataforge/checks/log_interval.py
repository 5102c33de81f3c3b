"""A log that is written less often than once in an epoch.

What: in mmdetection 2 ``log_config.interval``, 50 in its bases, is larger than the number of steps
in an epoch of the training set on one GPU. mmdetection 3 writes at least one line an epoch, and is
not looked at.

Why: mmdetection 2's text log leaves out what is left at an epoch's end: there is no line with a
loss in it, and nothing to plot, until the run is over.

Example: 60 images in steps of 2 are 30 steps an epoch, and the interval is 50.

Fix: ``log_config = dict(interval=10)``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import Config, datasets
from dataforge.records import Finding

SEVERITY = "note"


class Check(_base.Check):
    """Counts the steps of an epoch."""

    def config(self, document: Document) -> Iterator[Finding]:
        interval = document.config.get("log_config.interval")
        steps = _steps(document.config)
        if isinstance(interval, int) and steps and interval > steps:
            yield self.finding(
                document.name,
                f"the log is written every {interval} steps, but an epoch has {steps:,}",
                "set it to a fraction of an epoch",
                where="log_config.interval",
            )


def _steps(config: Config) -> int:
    """Steps in an epoch on one GPU; 0 where that is not known, or where it does not matter."""
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
    return -(-images // batch)
