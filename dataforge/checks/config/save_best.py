"""A best checkpoint that is selected by a metric that is not computed."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Config, datasets, type_name

_COCO = ("bbox", "segm", "proposal")
_PREFIXES = {"CocoMetric": "coco/", "VOCMetric": "pascal_voc/"}


class Check(base.Check):
    """Compares `save_best` with what is evaluated."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        if config.generation == 2:
            place, wrong, right = "evaluation.save_best", _wrong_in_2, _right_in_2(config)
        else:
            place, wrong = "default_hooks.checkpoint.save_best", _wrong_in_3
            right = _right_in_3(config)
        best = config.get(place)
        if right and isinstance(best, str) and wrong(best, right):
            yield self.finding(
                Place(file.name, place),
                f"save_best is {best!r}, which the evaluation does not compute: expected {right!r}",
                "use a metric that is computed",
            )


def _right_in_2(config: Config) -> str:
    metric = config.get("evaluation.metric")
    if metric is None:
        sets = [dataset.is_xml for dataset in datasets(config, "val")]
        return "mAP" if sets and all(sets) and config.settled("evaluation") else ""
    metrics = metric if isinstance(metric, (list, tuple)) else [metric]
    if list(metrics) == ["mAP"]:
        return "mAP"
    return "bbox_mAP" if metrics and all(item in _COCO for item in metrics) else ""


def _wrong_in_2(best: str, right: str) -> bool:
    if right == "mAP":
        return best == "auto" or best.startswith(_COCO)
    return best == "mAP"


def _right_in_3(config: Config) -> str:
    evaluator = config.get("val_evaluator")
    metrics = evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]
    kinds = {type_name(item) if isinstance(item, dict) else "" for item in metrics}
    kind = kinds.pop() if len(kinds) == 1 else ""
    best = {"coco/": "coco/bbox_mAP", "pascal_voc/": "pascal_voc/mAP"}
    plain = all(isinstance(item, dict) and "prefix" not in item for item in metrics)
    return best[_PREFIXES[kind]] if kind in _PREFIXES and plain else ""


def _wrong_in_3(best: str, right: str) -> bool:
    return best.startswith(tuple(_PREFIXES.values())) and best.split("/")[0] != right.split("/")[0]
