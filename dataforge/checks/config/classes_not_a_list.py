"""Classes that are neither a list nor a tuple of strings."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Unknown, datasets


class Check(base.Check):
    """Looks at the classes of each dataset of a config."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config):
            where, value = dataset.stated_classes
            place = where if where.startswith(dataset.where) else f"{dataset.where}, {where}"
            if value is None or isinstance(value, (str, Unknown)):
                continue
            if not isinstance(value, (list, tuple)):
                kind = "dict" if isinstance(value, dict) else type(value).__name__
                yield self.finding(
                    Place(file.name, place),
                    f"the classes are a {kind}, not a list or tuple: they have no order",
                    "write them in brackets, in the order of their labels",
                )
            elif wrong := [n for n in value if not isinstance(n, (str, Unknown))]:
                yield self.finding(
                    Place(file.name, place),
                    f"the classes contain {wrong[0]!r}, which is not a string",
                    "name each class as the annotations do",
                )
            elif twice := sorted({n for n in value if isinstance(n, str) and value.count(n) > 1}):
                yield self.finding(
                    Place(file.name, place),
                    f"the classes name {', '.join(map(repr, twice))} twice",
                    "name each class once",
                )
