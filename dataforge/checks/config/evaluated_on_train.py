"""A split that is evaluated on the training annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets


class Check(base.Check):
    """Compares the paths of the annotation files."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        if file.config.is_stock:  # deepfashion, and test-mot17train as its name says
            return
        files = (dataset.ann_file for dataset in datasets(file.config, "train"))
        trained = {os.path.realpath(file) for file in files if file}
        for dataset in datasets(file.config, "val", "test"):
            if dataset.ann_file and os.path.realpath(dataset.ann_file) in trained:
                yield self.finding(
                    Place(file.name, f"{dataset.where}.ann_file"),
                    f"{dataset.ann_file} is also the training set",
                    "use the annotations of other images; `dataforge split` splits a dataset",
                )
