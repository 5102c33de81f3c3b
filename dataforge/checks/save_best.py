"""A best checkpoint that is chosen by a figure which is not computed.

What: mmdetection 2: ``evaluation.save_best`` is ``auto`` where the metric is ``mAP``, or begins
with ``bbox`` or ``segm`` there, or is ``mAP`` where the metric is COCO's. mmdetection 3:
``save_best`` of the checkpoint hook begins with ``coco/`` while VOCMetric alone evaluates, or with
``pascal_voc/`` while CocoMetric alone does. ``auto`` is right in 3.

Why: the run stops with an error after its first epoch, when it has evaluated: ValueError "Cannot
infer the rule for key AP50", or KeyError.

Example: ``evaluation = dict(metric='mAP', save_best='auto')``: the first figure is AP50, of which
mmcv does not know whether more of it is better.

Fix: name the figure: ``mAP`` of VOC style and ``bbox_mAP`` of COCO style in 2, ``pascal_voc/mAP``
and ``coco/bbox_mAP`` in 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import Config, datasets, type_name
from dataforge.records import Finding

SEVERITY = "error"

_COCO = ("bbox", "segm", "proposal")
_PREFIXES = {"CocoMetric": "coco/", "VOCMetric": "pascal_voc/"}


class Check(_base.Check):
    """Compares what is saved by with what is evaluated."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        if config.generation == 2:
            place, wrong, right = "evaluation.save_best", _wrong_in_2, _right_in_2(config)
        else:
            place, wrong = "default_hooks.checkpoint.save_best", _wrong_in_3
            right = _right_in_3(config)
        best = config.get(place)
        if right and isinstance(best, str) and wrong(best, right):
            yield self.finding(
                document.name,
                f"save_best is {best!r}, which the evaluation does not give: want {right!r}",
                "name a figure that is computed",
                where=place,
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
    said = config.get("val_evaluator")
    metrics = said if isinstance(said, (list, tuple)) else [said]
    kinds = {type_name(item) if isinstance(item, dict) else "" for item in metrics}
    kind = kinds.pop() if len(kinds) == 1 else ""
    best = {"coco/": "coco/bbox_mAP", "pascal_voc/": "pascal_voc/mAP"}
    plain = all(isinstance(item, dict) and "prefix" not in item for item in metrics)
    return best[_PREFIXES[kind]] if kind in _PREFIXES and plain else ""


def _wrong_in_3(best: str, right: str) -> bool:
    return best.startswith(tuple(_PREFIXES.values())) and best.split("/")[0] != right.split("/")[0]
