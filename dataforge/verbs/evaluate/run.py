"""The evaluation of what was found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dataforge.datasets import Progress
from dataforge.verbs.evaluate.confusion import Confusing
from dataforge.verbs.evaluate.material import Material
from dataforge.verbs.evaluate.mistakes import Analysis, refuse_crowded
from dataforge.verbs.evaluate.report import Cell, Evaluation
from dataforge.verbs.evaluate.scoring import Scored, class_results

LISTED = 40
"""Mistakes of each kind that a report lists."""


class Evaluated(msgspec.Struct, frozen=True):
    """An evaluation with what it is about.

    Attributes:
        material: what was compared.
        analysis: its mistakes.
        report: its numbers.
        confusions: score and cells of what was found where, from low scores to high ones.
    """

    material: Material
    analysis: Analysis
    report: Evaluation
    confusions: list[tuple[float, list[Cell]]]


def evaluate_material(
    material: Material,
    what: Sequence[str],
    score: float | None = None,
    progress: Progress | None = None,
) -> Evaluated:
    """Evaluate detections.

    Args:
        material: what is there, and what was found.
        what: is evaluated, for the report.
        score: for the confusion matrix, None for the score at which F1 is best.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        InputError: an image has too many objects and detections.
    """
    if progress:
        progress(0, 0, "comparing")
    refuse_crowded(material)
    scored = Scored(material)
    analysis = Analysis(scored)
    mistakes = analysis.costliest(LISTED, progress)
    confusing = Confusing(analysis)
    least = analysis.best_score() if score is None else score
    scores = [one.score for found in material.found for one in found]
    report = Evaluation(
        what=[*what],
        compared="masks" if material.masks else "boxes",
        images=len(material.images),
        objects=sum(not one.crowd for of_one in material.marked for one in of_one),
        detections=sum(map(len, material.found)),
        scores=scored.overall(),
        classes=class_results(scored, analysis.ranked),
        curve50=scored.curve(slice(None), 0),
        curve75=scored.curve(slice(None), 5),
        confusion=confusing.report(least),
        kinds=analysis.kinds(),
        mistakes=mistakes,
        left=len(analysis.wrong) - len(mistakes),
        notes=material.notes,
    )
    confusions = confusing.steps(min([0, *scores]), max([1, *scores]), least)
    return Evaluated(material, analysis, report, confusions)
