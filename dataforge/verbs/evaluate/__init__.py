"""How good detections are: AP, curves, confusion, and the mistakes by what they cost."""

from __future__ import annotations

from dataforge.verbs.evaluate.material import Detected, Marked, Material, Pictured
from dataforge.verbs.evaluate.report import KINDS, Evaluation, Kind, Mistake
from dataforge.verbs.evaluate.run import (
    Evaluated,
    EvaluateOptions,
    evaluate_material,
    evaluate_results,
)

__all__ = [
    "KINDS",
    "Detected",
    "EvaluateOptions",
    "Evaluated",
    "Evaluation",
    "Kind",
    "Marked",
    "Material",
    "Mistake",
    "Pictured",
    "evaluate_material",
    "evaluate_results",
]
