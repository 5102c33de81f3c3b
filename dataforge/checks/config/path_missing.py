"""A path in a config that does not exist."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place, Severity
from dataforge.mmconfig import Config, Dataset, datasets, find_module, installed

_REMEDY = "correct it, or run this in the folder where the training is started"


class Check(base.Check):
    """Checks each path once."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        for missing in (path for path in config.missing if not _is_elsewhere(config, path)):
            message = f"{missing} does not exist"
            yield self.finding(Place(file.name, "_base_"), message, "correct the path")
        seen: set[str] = set()
        for where, path, remedy in (*_data(config), *_others(config)):
            if path not in seen and "://" not in path and not os.path.exists(path):
                seen.add(path)
                test = "test_" in where or ".test" in where
                severity: Severity = "warning" if test else "error"
                message = f"{path} does not exist"
                yield self.finding(Place(file.name, where), message, remedy, severity=severity)


def _is_elsewhere(config: Config, base: str) -> bool:
    """Whether a base belongs to an mmdetection other than the one installed here."""
    here = find_module("mmdet")
    inside = here is not None and here.folder is not None and here.folder in Path(base).parents
    inside = inside or base.startswith("mmdet.")  # of a lazy config
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
        return "set data_prefix=dict(sub_data_root=''): without it data_root is not used here"
    return _REMEDY


def _others(config: Config) -> Iterator[tuple[str, str, str]]:
    """(place, path, remedy) of checkpoints and evaluators."""
    for key in ("load_from", "resume_from", "val_evaluator.ann_file", "test_evaluator.ann_file"):
        path = config.get(key)
        if isinstance(path, str) and path:
            yield key, path, _REMEDY
