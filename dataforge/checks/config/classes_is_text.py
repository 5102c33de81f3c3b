"""A config whose classes are a string instead of a tuple."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets


class Check(base.Check):
    """Looks at the classes of each dataset of a config."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config):
            where, value = dataset.stated_classes
            if isinstance(value, str) and not os.path.isfile(value):
                yield self.finding(
                    Place(
                        file.name,
                        where if where.startswith(dataset.where) else f"{dataset.where}, {where}",
                    ),
                    f"the classes are the string {value!r}, not a tuple: a comma is missing",
                    f"write ({value!r},)",
                )
