"""Evaluations: of material, and of files of COCO."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dataforge.verbs.evaluate.material import Material
from dataforge.verbs.evaluate.mistakes import Analysis
from dataforge.verbs.evaluate.reading import read_coco
from dataforge.verbs.evaluate.report import Evaluation
from dataforge.verbs.evaluate.scoring import Scored, class_results

LISTED = 40
"""Mistakes of each kind that a report lists."""


class EvaluateOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How detections are evaluated, and what is shown.

    Attributes:
        out: folder of the page; None for none.
        most: images that the page shows; those with the costliest mistakes.
        score: detections below it do not count in the confusion matrix; None for the score at
            which F1 is best.
        masks: compare masks instead of boxes.
        images: folder of the images of COCO files; None to look for it beside the annotations.
        force: overwrite an earlier page.
    """

    out: Path | None = None
    most: int = 100
    score: float | None = None
    masks: bool = False
    images: Path | None = None
    force: bool = False


class Evaluated(msgspec.Struct, frozen=True):
    """An evaluation with what it is about.

    Attributes:
        material: what was compared.
        analysis: its mistakes.
        report: its numbers.
    """

    material: Material
    analysis: Analysis
    report: Evaluation


def evaluate_material(
    material: Material, what: Sequence[str], score: float | None = None
) -> Evaluated:
    """Evaluate detections.

    Args:
        material: what is there, and what was found.
        what: is evaluated, for the report.
        score: for the confusion matrix, see `EvaluateOptions`.
    """
    scored = Scored(material)
    analysis = Analysis(scored)
    mistakes = analysis.costliest(LISTED)
    report = Evaluation(
        what=[*what],
        compared="masks" if material.masks else "boxes",
        images=len(material.images),
        objects=sum(not one.crowd for of_one in material.marked for one in of_one),
        detections=sum(map(len, material.found)),
        scores=scored.overall(),
        classes=class_results(scored),
        curve50=scored.curve(slice(None), 0),
        curve75=scored.curve(slice(None), 5),
        confusion=analysis.confusion(analysis.best_score() if score is None else score),
        kinds=analysis.kinds(),
        mistakes=mistakes,
        left=len(analysis.wrong) - len(mistakes),
        notes=material.notes,
    )
    return Evaluated(material, analysis, report)


def evaluate_results(
    annotations: str | os.PathLike[str],
    results: str | os.PathLike[str],
    options: EvaluateOptions | None = None,
) -> Evaluation:
    """Evaluate a file of COCO results.

    Args:
        annotations: an instances file.
        results: a list of detections, cocodataset.org/#format-results.
        options: see there.

    Raises:
        InputError: a file cannot be read, or no result is about an image and a class of the
            annotations.
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    options = options or EvaluateOptions()
    annotations, results = Path(annotations), Path(results)
    material = read_coco(annotations, results, images=options.images, masks=options.masks)
    made = evaluate_material(material, [str(annotations), str(results)], options.score)
    return made.report
