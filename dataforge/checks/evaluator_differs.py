"""An evaluator that is given another annotation file than its dataset.

What: in mmdetection 3, ``ann_file`` of a CocoMetric in ``val_evaluator`` or ``test_evaluator`` is
not that of the dataset in ``val_dataloader`` or ``test_dataloader``.

Why: the predictions are of the dataset's images and are compared with the objects of others:
pycocotools stops after the first epoch, or, where the ids of images are the same by chance, counts
nearly everything as missed.

Example: ``val_dataloader`` was changed to the own data, and ``val_evaluator = dict(type=
'CocoMetric', ann_file='data/coco/annotations/instances_val2017.json')`` is the base's.

Fix: give both the same path; the evaluator's is not joined to ``data_root``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets, type_name
from dataforge.records import Finding

SEVERITY = "error"


class Check(_base.Check):
    """Compares the paths of the annotation files."""

    def config(self, document: Document) -> Iterator[Finding]:
        # A base that is not known may say what data_root is.
        for split in ("val", "test") if document.config.is_complete else ():
            evaluator = document.config.get(f"{split}_evaluator")
            if not isinstance(evaluator, Mapping) or type_name(evaluator) != "CocoMetric":
                continue
            said = evaluator.get("ann_file")
            files = [dataset.ann_file for dataset in datasets(document.config, split)]
            if not isinstance(said, str) or None in files or len(files) != 1:
                continue
            if os.path.realpath(said) != os.path.realpath(str(files[0])):
                yield self.finding(
                    document.name,
                    f"{said} is evaluated against, and the dataset has {files[0]}",
                    "give both the same path",
                    where=f"{split}_evaluator.ann_file",
                )
