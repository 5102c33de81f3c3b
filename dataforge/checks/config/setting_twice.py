"""A setting of a data loader in two places."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place

_SETTINGS = (
    ("data", "data.train_dataloader", "samples_per_gpu"),
    ("data", "data.train_dataloader", "persistent_workers"),
    ("data.val", "data.val_dataloader", "samples_per_gpu"),
    ("data.test", "data.test_dataloader", "samples_per_gpu"),
)


class Check(base.Check):
    """Looks at the settings that mmdetection 2 asserts to be in one place only."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        if file.config.generation != 2:
            return
        for outer, loader, key in _SETTINGS:
            parts = file.config.get(outer), file.config.get(loader)
            if all(isinstance(part, dict) and key in part for part in parts):
                yield self.finding(
                    Place(file.name, f"{loader}.{key}"),
                    f"{key} is also set in {outer}, which mmdetection rejects",
                    f"set it in the data loader alone; with a base that sets it in {outer}, set "
                    "it there",
                )
        runner, total = file.config.get("runner.max_epochs"), file.config.get("total_epochs")
        if isinstance(total, int) and isinstance(runner, int) and total != runner:
            yield self.finding(
                Place(file.name, "total_epochs"),
                f"total_epochs is {total}, but runner.max_epochs is {runner}, which mmdetection "
                "rejects",
                "remove total_epochs",
            )
