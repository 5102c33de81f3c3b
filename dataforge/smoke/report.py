"""What a smoke run is told, and what it reports: the same for every framework."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from dataforge.records import Finding


class SmokeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to prove.

    Attributes:
        work_dir: where the report, the curve and the checkpoint go.
        device: `auto` takes CUDA where it is.
        images: number of images to overfit.
        target: AP50 to reach on them, 0 to 1.
        max_iters: give up after so many.
        seed: of the weights and the order of the images.
        size: longer side in pixels that images are shrunk to; None finds one at which the boxes
            are not too small to be found.
        batch: images a step.
        weights: checkpoint to start from, in place of random weights with GroupNorm.
        preflight_only: stop after the preflight.
    """

    work_dir: Path
    device: Literal["auto", "cuda", "cpu"] = "auto"
    images: int = 8
    target: float = 0.9
    max_iters: int = 200
    seed: int = 0
    size: int | None = None
    batch: int = 4
    weights: Path | None = None
    preflight_only: bool = False


class SplitCount(msgspec.Struct, kw_only=True):
    """Ground truth of one split.

    Attributes:
        images: that the annotations list.
        images_kept: that the framework's filters leave.
        marked: class -> objects in the annotation files.
        kept: class -> boxes that are trained on or evaluated against.
        dropped: reason -> number of objects that are not.
    """

    images: int = 0
    images_kept: int = 0
    marked: dict[str, int] = {}
    kept: dict[str, int] = {}
    dropped: dict[str, int] = {}


class Proof(msgspec.Struct, kw_only=True):
    """What training on a few images came to.

    Attributes:
        images: their file names.
        size: longer side in pixels that they were shrunk to.
        iterations: that were run.
        ap50: after each evaluation, iteration -> AP50.
        ap50_reloaded: of the checkpoint, loaded into a new model.
        ap50_per_class: class -> AP50; classes that are in none of the images are left out.
        losses: of each iteration.
        seconds: spent training and evaluating.
        seconds_per_iteration: the median.
        left_out: augmentations of the config that were left out.
    """

    images: list[str] = []
    size: int = 0
    iterations: int = 0
    ap50: dict[int, float] = {}
    ap50_reloaded: float | None = None
    ap50_per_class: dict[str, float] = {}
    losses: list[float] = []
    seconds: float = 0.0
    seconds_per_iteration: float = 0.0
    left_out: list[str] = []


class SmokeReport(msgspec.Struct, kw_only=True):
    """The content of smoke_report.json.

    Attributes:
        verdict: `proved`, `not proved`, or `refused` (by the preflight); `ready` where only the
            preflight was asked for.
        ap50: of the reloaded checkpoint by the dataset's own evaluation, None where none was made.
        target: that it was held against.
        reasons: why it is not proved, in words.
        config, framework, device: what was run, on what.
        versions: package -> version.
        classes: names in the order of their labels.
        rules: reason for which objects are left out -> the framework's own rule behind it; the
            reasons are those of `SplitCount.dropped`, and frameworks differ in their rules.
        counts: split -> ground truth.
        findings: of the preflight.
        proof: None where the preflight refused.
        not_seen: what such a proof cannot see.
        seconds: of the whole run.
    """

    verdict: Literal["proved", "not proved", "refused", "ready"] = "refused"
    ap50: float | None = None
    target: float = 0.9
    reasons: list[str] = []
    config: str = ""
    framework: str = ""
    device: str = ""
    seed: int = 0
    versions: dict[str, str] = {}
    classes: list[str] = []
    rules: dict[str, str] = {}
    counts: dict[str, SplitCount] = {}
    findings: list[Finding] = []
    proof: Proof | None = None
    not_seen: str = (
        "A detector learns wrong labels as well as right ones: labels that are wrong in the data, "
        "and one shift common to all boxes, are not seen by this proof. ground_truth.png shows "
        "the boxes as they are trained on: look at it."
    )
    seconds: float = 0.0
