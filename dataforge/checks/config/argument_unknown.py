"""An argument that a dataset, wrapper or metric does not accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import did_you_mean
from dataforge.findings import Finding, Place, Severity
from dataforge.mmconfig import (
    DATASETS,
    EVAL_HOOK,
    EVALUATES,
    METRICS,
    Accepts,
    Config,
    dataset_configs,
    datasets,
    inside,
    is_complete,
    is_mmdetections,
    type_name,
)

_MARKS = ("type", "_scope_")
_IGNORED_IN_2 = ("ClassBalancedDataset", "ConcatDataset", "RepeatDataset")


class Check(base.Check):
    """Compares the keys of each with what its class accepts."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        if config.is_stock:  # voc0712-cocofmt of 3.3.0 leaves eval_mode to CocoMetric
            return
        for where, values in dataset_configs(config):
            table = DATASETS.get(config.generation, {})
            yield from self._compare(file, where, values, table)
        if config.generation == 3:
            for where, values in _metrics(config):
                yield from self._compare(file, where, values, METRICS)
        else:
            yield from self._evaluation(file)

    def _compare(
        self, file: ConfigFile, where: str, values: Mapping[str, Any], table: Mapping[str, Accepts]
    ) -> Iterator[Finding]:
        kind = type_name(values)
        if kind not in table or not is_mmdetections(file.config, values):
            return
        accepts = table[kind]
        unknown = [key for key in values if key not in accepts.names and key not in _MARKS]
        if file.config.generation == 2:
            unknown = [key for key in unknown if not _is_taken_by_2(where, values, key)]
        severity: Severity = "warning" if where.startswith(("test", "data.test")) else "error"
        if unknown:
            close = did_you_mean(unknown[0], accepts.names, "") if len(unknown) == 1 else ""
            yield self.finding(
                Place(file.name, where),
                f"{kind} does not accept {', '.join(unknown)}" + (f" ({close})" if close else ""),
                "correct it; if it comes from the base config, add _delete_=True to this dict",
                severity=severity,
            )
        missing = sorted(accepts.needed - values.keys())
        is_whole = file.config.get("model") is not None  # not a fragment for `_base_`
        if missing and is_whole and is_complete(values):
            yield self.finding(
                Place(file.name, where),
                f"{kind} requires {', '.join(missing)}",
                "add it",
                severity=severity,
            )

    def _evaluation(self, file: ConfigFile) -> Iterator[Finding]:
        """What mmdetection 2 passes to the val dataset's `evaluate`, after the first epoch."""
        settings = inside(file.config.values, "evaluation")
        if not isinstance(settings, Mapping) or file.config.generation != 2:
            return
        for kind in dict.fromkeys(dataset.kind for dataset in datasets(file.config, "val")):
            accepts = EVALUATES.get(kind)
            given = [key for key in settings if key not in EVAL_HOOK]
            unknown = [key for key in given if accepts and key not in accepts.names]
            if unknown:
                yield self.finding(
                    Place(file.name, "evaluation"),
                    f"the evaluation of {kind} does not accept {', '.join(unknown)}",
                    "remove it; if it comes from the base config, add _delete_=True to this dict",
                )


def _metrics(config: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, settings) of each metric of val and test."""
    for place in ("val_evaluator", "test_evaluator"):
        given = config.get(place)
        if isinstance(given, (list, tuple)):
            parts = [(f"{place}[{number}]", part) for number, part in enumerate(given)]
        else:
            parts = [(place, given)]
        yield from ((where, part) for where, part in parts if isinstance(part, Mapping))


def _is_taken_by_2(where: str, values: Mapping[str, Any], key: str) -> bool:
    """Whether mmdetection 2 takes or ignores a key that the class does not accept."""
    if type_name(values) in _IGNORED_IN_2:
        return True  # build_dataset picks what it needs
    listed = isinstance(values.get("ann_file"), (list, tuple))
    loader = key == "samples_per_gpu" and where.partition("[")[0] in ("data.val", "data.test")
    return loader or (listed and key == "separate_eval")
