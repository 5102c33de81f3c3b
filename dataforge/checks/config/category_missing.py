"""A class of the config that is not a category of its COCO file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
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
            known = set(categories)
            missing = [name for name in classes.names or () if name not in known]
            if found and missing:
                named = [_named(name, categories) for name in missing[:_MOST]]
                yield self.finding(
                    Place(file.name, dataset.where),
                    f"{_listed(named, len(missing))}: no such category in "
                    f"{dataset.values['ann_file']}, which has "
                    f"{_listed(categories[:_MOST], len(categories))}",
                    "use the same spelling for the class and the category",
                )


_MOST = 100
"""Names that a message lists."""


def _listed(names: Sequence[str], number: int) -> str:
    """The first of a number of names."""
    more = f" and {number - len(names):,} more" if number > len(names) else ""
    return ", ".join(names) + more


def _named(name: str, categories: list[str]) -> str:
    hint = did_you_mean(name, categories)
    return repr(name) + (f" ({hint})" if hint else "")
