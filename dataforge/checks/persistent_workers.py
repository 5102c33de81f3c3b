"""A data loader that asks of workers what it has not.

What: ``persistent_workers=True``, or a ``prefetch_factor``, where the number of workers is 0:
``workers_per_gpu`` in mmdetection 2, ``num_workers`` in 3.

Why: torch raises ValueError when the loader is built, that of val after the first epoch. The bases
of mmdetection 3 have ``persistent_workers=True`` with 2 workers, so that who sets the workers to 0,
to debug, or on Windows, meets it.

Example: ``train_dataloader = dict(num_workers=0)`` over coco_detection.py.

Fix: set ``persistent_workers=False`` beside it, and ``prefetch_factor=None``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import SPLITS, Config, inside
from dataforge.records import Finding

SEVERITY = "error"


class Check(_base.Check):
    """Looks at each data loader."""

    def config(self, document: Document) -> Iterator[Finding]:
        for split in SPLITS:
            where, workers, settings = _loader(document.config, split)
            if not _is_zero(workers):
                continue
            for key in ("persistent_workers", "prefetch_factor"):
                value = settings.get(key)
                if value is True or (key == "prefetch_factor" and isinstance(value, int)):
                    yield self.finding(
                        document.name,
                        f"{key} is {value} with no workers, which torch refuses",
                        "set persistent_workers=False and prefetch_factor=None, or take workers",
                        where=f"{where}.{key}",
                    )


def _is_zero(value: object) -> bool:
    return isinstance(value, int) and value == 0


def _loader(config: Config, split: str) -> tuple[str, object, dict[str, object]]:
    """(place, number of workers, settings) of a split's data loader."""
    place = f"{split}_dataloader" if config.generation == 3 else f"data.{split}_dataloader"
    said = config.get(place)
    settings = dict(said) if isinstance(said, dict) else {}
    if config.generation == 3:
        return place, settings.get("num_workers", 0 if settings else None), settings
    # What stands in `data` itself is for all splits, but persistent_workers is train's alone.
    workers = settings.get("workers_per_gpu", inside(config.values, "data.workers_per_gpu"))
    top = inside(config.values, "data.persistent_workers")
    if split == "train" and top is True and "persistent_workers" not in settings:
        return "data", workers, {"persistent_workers": True} | settings
    return place, workers, settings
