"""A data loader option that requires workers, without workers."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import SPLITS, Config, inside


class Check(base.Check):
    """Looks at each data loader."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for split in SPLITS:
            where, workers, settings = _loader(file.config, split)
            if not _is_zero(workers):
                continue
            for key in ("persistent_workers", "prefetch_factor"):
                value = settings.get(key)
                if value is True or (key == "prefetch_factor" and isinstance(value, int)):
                    yield self.finding(
                        Place(file.name, f"{where}.{key}"),
                        f"{key} is {value} without workers, which torch rejects",
                        "set persistent_workers=False and prefetch_factor=None, or use workers",
                    )


def _is_zero(value: object) -> bool:
    return isinstance(value, int) and value == 0


def _loader(config: Config, split: str) -> tuple[str, object, dict[str, object]]:
    """(place, number of workers, settings) of a split's data loader."""
    place = f"{split}_dataloader" if config.generation == 3 else f"data.{split}_dataloader"
    loader = config.get(place)
    settings = dict(loader) if isinstance(loader, dict) else {}
    if config.generation == 3:
        return place, settings.get("num_workers", 0 if settings else None), settings
    # Settings in `data` itself are for all splits, except persistent_workers: train only.
    workers = settings.get("workers_per_gpu", inside(config.values, "data.workers_per_gpu"))
    top = inside(config.values, "data.persistent_workers")
    if split == "train" and top is True and "persistent_workers" not in settings:
        return "data", workers, {"persistent_workers": True} | settings
    return place, workers, settings
