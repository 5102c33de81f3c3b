"""Options and report of a smoke run: the same for every framework."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from dataforge.findings import Finding
from dataforge.reports import Shown, Table, class_table

Device = Literal["auto", "cuda", "cpu"]
"""Where to train; `auto` is CUDA if available."""


class SmokeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to prove.

    Attributes:
        work_dir: where the report, the curve and the checkpoint go.
        device: where to train.
        images: number of images to overfit.
        target: AP50 to reach on them, 0 to 1.
        max_iters: stop after this many iterations.
        seed: of the weights and the order of the images.
        size: longer side in pixels to which images are scaled; None finds one at which the boxes
            are large enough to be detected.
        batch: images per step.
        weights: checkpoint to start from, instead of random weights with GroupNorm.
        preflight_only: stop after the preflight.
    """

    work_dir: Path
    device: Device = "auto"
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
        images: number of images in the annotations.
        images_kept: number of images that the framework's filters keep.
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
    """The result of training on a few images.

    Attributes:
        images: their file names.
        size: longer side in pixels to which they were scaled.
        iterations: number of iterations run.
        ap50: after each evaluation, iteration -> AP50.
        ap50_reloaded: of the checkpoint, loaded into a new model.
        ap50_per_class: class -> AP50, for classes that occur in the images.
        losses: of each iteration.
        seconds: for training and evaluation.
        seconds_per_iteration: the median.
        left_out: augmentations of the config that were disabled.
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


class BadImage(msgspec.Struct, frozen=True):
    """An image that cannot be used.

    Attributes:
        place: of its dataset in the config.
        path: of the file.
        fault: what is wrong with it.
    """

    place: str
    path: str
    fault: str


class SmokeReport(Shown, msgspec.Struct, kw_only=True):
    """The content of smoke_report.json.

    Attributes:
        verdict: `proved`, `not proved`, or `refused` (by the preflight); `ready` if only the
            preflight was requested; `interrupted` by a signal.
        ap50: of the reloaded checkpoint by the dataset's own evaluation, None if not evaluated.
        target: the AP50 to reach.
        reasons: why it is not proved, in words.
        config, framework, device: what was run, and where.
        operators: package whose nms and RoIAlign the detector ran with, mmcv or torchvision.
        operators_reason: why they are not mmcv's, for a detector of mmdetection.
        versions: package -> version.
        classes: names in the order of their labels.
        rules: reason for which objects are dropped -> the framework's rule; the reasons are those
            of `SplitCount.dropped`, and frameworks have different rules.
        counts: split -> ground truth.
        findings: of the preflight.
        bad_images: all images that are missing, broken or of another size than stated.
        proof: None if the preflight refused.
        not_seen: what such a proof cannot detect.
        seconds: of the whole run.
    """

    verdict: Literal["proved", "not proved", "refused", "ready", "interrupted"] = "refused"
    ap50: float | None = None
    target: float = 0.9
    reasons: list[str] = []
    config: str = ""
    framework: str = ""
    device: str = ""
    operators: str = ""
    operators_reason: str = ""
    seed: int = 0
    versions: dict[str, str] = {}
    classes: list[str] = []
    rules: dict[str, str] = {}
    counts: dict[str, SplitCount] = {}
    findings: list[Finding] = []
    bad_images: list[BadImage] = []
    proof: Proof | None = None
    not_seen: str = (
        "A detector learns wrong labels as well as right ones: this proof does not detect wrong "
        "labels in the data, or a shift common to all boxes. Check the boxes that are trained on "
        "in ground_truth.png."
    )
    seconds: float = 0.0

    def title(self) -> str:
        ap50 = "" if self.ap50 is None else f", AP50 {self.ap50:.3f}"
        why = f": {self.reasons[0]}" if self.reasons else ""
        return f"{self.config} {self.verdict}{ap50} on {self.device or 'nothing'}{why}"

    def table(self) -> Table:
        marked = {split: count.marked for split, count in self.counts.items()}
        images = {split: count.images for split, count in self.counts.items()}
        return class_table(self.classes, images, marked)
