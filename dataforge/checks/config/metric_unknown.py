"""A metric that is not computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place, Severity
from dataforge.mmconfig import EVALUATED, datasets, is_complete, is_mmdetections, type_name


class Check(base.Check):
    """Compares `metric` with what the dataset or the evaluator computes."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        if config.generation == 2:
            kinds = dict.fromkeys(dataset.kind for dataset in datasets(config, "val"))
            settings = config.get("evaluation")
            for kind in kinds:
                if isinstance(settings, Mapping) and kind:
                    default = "bbox" if "bbox" in EVALUATED.get(kind, ()) else "mAP"
                    given = settings.get("metric", default if is_complete(settings) else None)
                    yield from self._compare(file, "evaluation", kind, given)
            return
        for place in ("val_evaluator", "test_evaluator"):
            evaluator = config.get(place)
            for one in evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]:
                if isinstance(one, Mapping) and is_mmdetections(config, one):
                    yield from self._compare(file, place, type_name(one), one.get("metric"))

    def _compare(self, file: ConfigFile, place: str, kind: str, given: object) -> Iterator[Finding]:
        computed = EVALUATED.get(kind, ())
        metrics = given if isinstance(given, (list, tuple)) else [given]
        wrong = [m for m in metrics if isinstance(m, str) and computed and m not in computed]
        severity: Severity = "warning" if place.startswith("test") else "error"
        if wrong:
            yield self.finding(
                Place(file.name, f"{place}.metric"),
                f"{kind} does not compute {', '.join(map(repr, wrong))}: "
                f"expected {' or '.join(computed)}",
                "set one of them",
                severity=severity,
            )
