"""A class of the config that is not a category of its COCO file."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.opened import ConfigFile
from dataforge.errors import did_you_mean
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets


class Check(base.Check):
    """Looks up each class of mmdetection's own CocoDataset; others may have aliases."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config):
            if dataset.type != "CocoDataset" or not (classes := dataset.classes):
                continue
            found = dataset.annotations()
            categories = (found and found.categories) or []
            missing = [name for name in classes.names or () if name not in categories]
            if found and missing:
                yield self.finding(
                    Place(file.name, dataset.where),
                    f"{', '.join(_named(name, categories) for name in missing)}: no such category "
                    f"in {dataset.values['ann_file']}, which has {', '.join(categories)}",
                    "use the same spelling for the class and the category",
                )


def _named(name: str, categories: list[str]) -> str:
    hint = did_you_mean(name, categories)
    return repr(name) + (f" ({hint})" if hint else "")
