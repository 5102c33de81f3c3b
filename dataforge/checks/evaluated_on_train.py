"""A split that is evaluated on the annotation file that is trained on.

What: the dataset of val or test names the same ``ann_file`` as one of train.

Why: what is measured is how well the training set was learnt by heart. The score climbs to the end,
the best checkpoint is the one that learnt the most by heart, and on new images it is worth less
than it says.

Example: ``val=dict(ann_file='annotations/instances_train.json', ...)``, left after a trial.

Fix: name the annotations of other images; `dataforge split` divides a dataset that has no such.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets
from dataforge.records import Finding

SEVERITY = "warning"


class Check(_base.Check):
    """Compares the paths of the annotation files."""

    def config(self, document: Document) -> Iterator[Finding]:
        files = (dataset.ann_file for dataset in datasets(document.config, "train"))
        trained = {os.path.realpath(file) for file in files if file}
        for dataset in datasets(document.config, "val", "test"):
            if dataset.ann_file and os.path.realpath(dataset.ann_file) in trained:
                yield self.finding(
                    document.name,
                    f"{dataset.ann_file} is what is trained on",
                    "name the annotations of other images; `dataforge split` divides a dataset",
                    where=f"{dataset.where}.ann_file",
                )
