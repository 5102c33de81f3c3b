"""A path in a config at which there is nothing.

What: a base config, an annotation file, a folder of images or of XML files, a checkpoint to start
from, or an evaluator's annotation file is not there. Paths are taken as mmdetection takes them:
joined with ``data_root``, relative to the folder that the training is started in: run `check`
there. In mmdetection 3, XML sets join ``data_root`` with their folders only where ``data_prefix``
has a ``sub_data_root``. It is a warning for test, which training does not open.

Why: the training stops with FileNotFoundError, for val in mmdetection 2 after an epoch; and where
the annotations are there and the images are not, at the first image.

Example: ``data_root = 'data/coco/'``, started from another folder.

Fix: mend the path, or start in the folder that it is relative to. For mmdetection 3's XML sets,
write ``data_prefix=dict(sub_data_root='')``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import Config, Dataset, datasets, find_module, installed
from dataforge.records import Finding, Severity

SEVERITY = "error"

_REMEDY = "mend it, or run this in the folder that the training is started in"


class Check(_base.Check):
    """Looks up each path once."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        for base in (base for base in config.missing if not _is_elsewhere(config, base)):
            message = f"{base} is not there"
            yield self.finding(document.name, message, "mend the path", where="_base_")
        seen: set[str] = set()
        for where, path, remedy in (*_data(config), *_others(config)):
            if path not in seen and "://" not in path and not os.path.exists(path):
                seen.add(path)
                test = "test_" in where or ".test" in where
                severity: Severity = "warning" if test else "error"
                message = f"{path} is not there"
                yield self.finding(document.name, message, remedy, where=where, severity=severity)


def _is_elsewhere(config: Config, base: str) -> bool:
    """Whether a base is mmdetection's own, and not that of the mmdetection that is here."""
    here = find_module("mmdet")
    inside = here is not None and here.folder is not None and here.folder in Path(base).parents
    return inside and installed(config.generation) is None


def _data(config: Config) -> Iterator[tuple[str, str, str]]:
    """(place, path, remedy) of the datasets."""
    for dataset in datasets(config):
        if not dataset.is_local:
            continue
        if dataset.ann_file:
            yield f"{dataset.where}.ann_file", dataset.ann_file, _REMEDY
        if dataset.is_xml:
            for key in ("img_subdir", "ann_subdir"):
                if folder := dataset.subfolder(key):
                    yield f"{dataset.where}.{key}", folder, _remedy(dataset)
        elif dataset.prefix:
            key = "img_prefix" if dataset.generation == 2 else "data_prefix"
            yield f"{dataset.where}.{key}", dataset.prefix, _REMEDY


def _remedy(dataset: Dataset) -> str:
    if dataset.generation == 3 and not dataset.prefix and dataset.values.get("data_root"):
        return "write data_prefix=dict(sub_data_root=''): without it data_root does not count here"
    return _REMEDY


def _others(config: Config) -> Iterator[tuple[str, str, str]]:
    """(place, path, remedy) of checkpoints and evaluators."""
    for key in ("load_from", "resume_from", "val_evaluator.ann_file", "test_evaluator.ann_file"):
        path = config.get(key)
        if isinstance(path, str) and path:
            yield key, path, _REMEDY
