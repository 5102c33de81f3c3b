"""How good detections are: AP, curves, confusion, and the mistakes by what they cost."""

from __future__ import annotations

from dataforge.verbs.evaluate.build import Loss, Page, SplitCounts, Verdict, write_page
from dataforge.verbs.evaluate.configs import Device, Split, evaluate_config, material_of, told
from dataforge.verbs.evaluate.material import Detected, Marked, Material, Pictured
from dataforge.verbs.evaluate.predictions import (
    InFolder,
    Predictions,
    ResultsFile,
    look_at_results,
    of_which,
    read_predictions,
    results_in,
)
from dataforge.verbs.evaluate.report import KINDS, Evaluation, Kind, Mistake
from dataforge.verbs.evaluate.results import EvaluateOptions, evaluate_results
from dataforge.verbs.evaluate.run import Evaluated, evaluate_material

__all__ = [
    "KINDS",
    "Detected",
    "Device",
    "EvaluateOptions",
    "Evaluated",
    "Evaluation",
    "InFolder",
    "Kind",
    "Loss",
    "Marked",
    "Material",
    "Mistake",
    "Page",
    "Pictured",
    "Predictions",
    "ResultsFile",
    "Split",
    "SplitCounts",
    "Verdict",
    "evaluate_config",
    "evaluate_material",
    "evaluate_results",
    "look_at_results",
    "material_of",
    "of_which",
    "read_predictions",
    "results_in",
    "told",
    "write_page",
]
