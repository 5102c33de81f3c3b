"""An evaluator with a different annotation file than its dataset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets, type_name


class Check(base.Check):
    """Compares the paths of the annotation files."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        # An unknown base config may set data_root.
        for split in ("val", "test") if file.config.is_complete else ():
            evaluator = file.config.get(f"{split}_evaluator")
            if not isinstance(evaluator, Mapping) or type_name(evaluator) != "CocoMetric":
                continue
            ann_file = evaluator.get("ann_file")
            files = [dataset.ann_file for dataset in datasets(file.config, split)]
            if not isinstance(ann_file, str) or None in files or len(files) != 1:
                continue
            if os.path.realpath(ann_file) != os.path.realpath(str(files[0])):
                yield self.finding(
                    Place(file.name, f"{split}_evaluator.ann_file"),
                    f"the evaluator has {ann_file}, but the dataset has {files[0]}",
                    "set the same path in both",
                )
