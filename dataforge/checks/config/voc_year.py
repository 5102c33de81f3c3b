"""A VOCDataset whose path has no year, or the wrong one."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets


class Check(base.Check):
    """Looks for the year in the path, as mmdetection does."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config):
            prefix = dataset.prefix
            if dataset.kind != "VOCDataset" or prefix is None:
                continue
            key = "img_prefix" if dataset.generation == 2 else "data_prefix"
            place = Place(file.name, f"{dataset.where}.{key}")
            years = [year for year in ("VOC2007", "VOC2012") if year in prefix]
            if not years and dataset.generation == 2:
                yield self.finding(
                    place,
                    f"VOCDataset needs VOC2007 or VOC2012 in its path, which is {prefix!r}",
                    "use XMLDataset for own data",
                )
            where, classes = dataset.stated_classes
            shown = years[:1] == ["VOC2007"] or (years and dataset.generation == 3)
            if shown and classes is not None and not where.startswith("VOCDataset."):
                names = dataset.classes.names if dataset.classes else None
                if names and names[:1] != ("aeroplane",):
                    yield self.finding(
                        place,
                        f"with {years[0]} in its path, VOCDataset prints the classes of Pascal VOC "
                        f"in its table (aeroplane for {names[0]})"
                        + (", and stops after 20 classes" if len(names) > 20 else ""),
                        "use XMLDataset for own data",
                        severity="warning" if len(names) <= 20 else "error",
                    )
