"""Splits of a config with different classes than train."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Classes, datasets


class Check(base.Check):
    """Compares the datasets of a config with the first one."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        if file.config.is_open:
            return
        first = None
        for dataset in datasets(file.config):
            classes = dataset.classes
            if first is None or classes is None:
                first = first or classes
                continue
            differ = first.number != classes.number or (
                first.names and classes.names and first.names != classes.names
            )
            if differ:
                yield self.finding(
                    Place(file.name, dataset.where),
                    f"has the classes {_shown(classes)}, but train has {_shown(first)}",
                    "define the classes once, and use them in all datasets",
                )


def _shown(classes: Classes) -> str:
    if classes.names is None:
        return f"of {classes.where} ({classes.number})"
    return f"({', '.join(classes.names)})"
