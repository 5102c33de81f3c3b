"""The proof: the config's own detector detects the objects of a few of its own images.

It is trained through the framework's own model, pipeline and loader, from random weights:
BatchNorm cannot learn from batches this small, so the backbone gets GroupNorm (Wu and He, Group
Normalization, arXiv 1803.08494) unless a checkpoint is given.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dataforge.errors import plural
from dataforge.frameworks import (
    BuiltDataset,
    Detections,
    ImageInfo,
    TrainingConfig,
    Trial,
    TrialSettings,
    load_strictly,
    load_weights,
)
from dataforge.io import staged
from dataforge.records import Box
from dataforge.verbs.smoke.report import Proof, SmokeOptions, SmokeReport

LEARNING_RATE = 2e-4  # AdamW; fitted 16 synthetic images with 2 classes in 60 steps
WARM_UP = 10  # iterations
EVALUATE_EVERY = 10  # iterations, after the first
FIRST_EVALUATION = 20
CLEAR_PX = 24  # a box below about 0.7 of the smallest anchor (32 px) matches no anchor
SIZES = (224, 512)  # pixels, longer side


def prove(
    config: TrainingConfig,
    dataset: BuiltDataset,
    options: SmokeOptions,
    device: str,
    report: SmokeReport,
    log: Callable[[str], None],
) -> Sequence[Detections]:
    """Train, evaluate, reload, evaluate; fills in the report's proof, AP50 and reasons.

    Args:
        dataset: the first part of the config's training set, as it is trained on.
        device: `cuda` or `cpu`.

    Returns:
        What the reloaded detector finds in each image of the proof; empty if there is none.
    """
    import torch

    started = time.perf_counter()
    _seed(options.seed)
    proof = report.proof = Proof()
    chosen = choose_images(dataset, options.images)
    proof.size = options.size or clear_size(dataset, chosen)
    proof.images = [dataset.images[i].name for i in chosen]
    settings = TrialSettings(
        batch=min(options.batch, len(chosen)),
        seed=options.seed,
        device=device,
        random=options.weights is None,
    )
    trial = config.trial(proof.images, proof.size, settings)
    proof.left_out = list(trial.left_out)
    log(
        f"{plural(len(proof.images), 'image')} at {proof.size} px; "
        f"AP50 of {options.target:g} is required within {options.max_iters} iterations"
    )
    model = trial.new_model()
    if options.weights is not None:
        load_weights(model, options.weights, log)
    checkpoint = options.work_dir / "proof.pth"
    detections: Sequence[Detections] = ()
    problem = _train(model, trial, options, proof, log)
    if problem:
        report.reasons.append(problem)
    else:
        with staged(checkpoint, [checkpoint], force=True) as new:  # a link is not written through
            trial.save(model, new, report.classes)
        reloaded = trial.new_model()
        load_strictly(reloaded, checkpoint)
        found = _detect(reloaded, trial)
        proof.ap50_reloaded = report.ap50 = trial.ap50(found)
        proof.ap50_per_class = trial.ap50_per_class(found)
        report.reasons += judge(proof, options)
        with torch.no_grad():
            detections = trial.detections(reloaded)
    proof.seconds = round(time.perf_counter() - started, 1)
    if device == "cuda":
        torch.cuda.empty_cache()
    return detections


def _seed(seed: int) -> None:
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # also for CUDA


def judge(proof: Proof, options: SmokeOptions) -> list[str]:
    """Why the proof failed, in words; empty if it succeeded."""
    reasons = []
    reached = proof.ap50_reloaded or 0.0
    trained = list(proof.ap50.values())[-1]
    if reached < options.target:
        worst = sorted(proof.ap50_per_class.items(), key=lambda item: item[1])
        listed = ", ".join(f"{name} {value:.2f}" for name, value in worst[:5])
        reasons.append(
            f"AP50 on the {plural(len(proof.images), 'image')} it was trained on is {reached:.3f} "
            f"after {proof.iterations} iterations, not {options.target:g} (by class: {listed}); "
            "if the loss was still falling, allow more with --max-iters"
        )
    if abs(reached - trained) > 0.02:
        reasons.append(
            f"the reloaded checkpoint evaluates to AP50 {reached:.3f}, "
            f"the trained model to {trained:.3f}"
        )
    first, last = proof.losses[: 2 * WARM_UP], proof.losses[-WARM_UP:]
    if statistics.fmean(last) >= statistics.fmean(first):
        reasons.append(
            f"the loss did not fall: {statistics.fmean(first):.3f} at first, "
            f"{statistics.fmean(last):.3f} at last"
        )
    return reasons


# Images -----------------------------------------------------------------------------------------


def choose_images(dataset: BuiltDataset, number: int) -> list[int]:
    """Indices of images that cover all classes, rare ones first.

    Among equals, those with few boxes, then those whose smallest box is large.
    """
    labels: dict[int, set[int]] = {}
    cost: dict[int, tuple[int, float]] = {}
    for index, image in enumerate(dataset.images):
        truth = dataset.truth(index)
        if truth.labels:
            labels[index] = set(truth.labels)
            smallest = min(math.sqrt(max(0.0, _area(box))) for box in truth.boxes)
            cost[index] = len(truth.labels), -smallest / _longer_side(image)
    chosen: list[int] = []
    shown: Counter[int] = Counter()
    while labels and len(chosen) < number:
        best = min(
            labels,
            key=lambda i: (-sum(1 / (1 + shown[label]) ** 2 for label in labels[i]), cost[i], i),
        )
        shown.update(labels.pop(best))
        chosen.append(best)
    return sorted(chosen)


def clear_size(dataset: BuiltDataset, chosen: Sequence[int]) -> int:
    """The longer side, px, at which nine of ten boxes are large enough for the anchors."""
    shares = sorted(
        math.sqrt(max(1.0, _area(box))) / _longer_side(dataset.images[index])
        for index in chosen
        for box in dataset.truth(index).boxes
    )
    small = shares[len(shares) // 10]
    size = math.ceil(CLEAR_PX / small / 32) * 32
    return int(min(max(size, SIZES[0]), SIZES[1]))


def _area(box: Box) -> float:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def _longer_side(image: ImageInfo) -> int:
    return max(image.width or 1, image.height or 1)


# Training ---------------------------------------------------------------------------------------


def _train(
    model: Any, trial: Trial, options: SmokeOptions, proof: Proof, log: Callable[[str], None]
) -> str:
    """Train until the target AP50 or the maximum of iterations; returns what went wrong."""
    import torch

    parameters = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=1e-4)
    durations = []
    began = time.perf_counter()
    for iteration, batch in enumerate(trial.batches(), 1):
        started = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, iteration / WARM_UP)
        model.train()
        loss, logged = trial.loss(model, batch)
        proof.iterations = iteration
        if not math.isfinite(logged["loss"]):
            parts = ", ".join(f"{name} {value:.3g}" for name, value in logged.items())
            return (
                f"the loss is not finite in iteration {iteration} ({parts}): "
                "check for boxes without area"
            )
        proof.losses.append(round(logged["loss"], 5))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, max_norm=10)
        optimizer.step()
        durations.append(time.perf_counter() - started)
        proof.seconds_per_iteration = round(statistics.median(durations), 3)
        last = iteration >= options.max_iters
        if last or (iteration >= FIRST_EVALUATION and iteration % EVALUATE_EVERY == 0):
            ap50 = proof.ap50[iteration] = trial.ap50(_detect(model, trial))
            done = ap50 >= options.target or last
            left = "" if done else f"; {_left(iteration, began, options)}"
            log(f"iteration {iteration}: loss {logged['loss']:.3f}, AP50 {ap50:.3f}{left}")
            if done:
                return ""
        elif iteration % EVALUATE_EVERY == 0:
            left = _left(iteration, began, options)
            log(f"iteration {iteration}: loss {logged['loss']:.3f}; {left}")
    return "there is nothing to train on"


def _left(iteration: int, began: float, options: SmokeOptions) -> str:
    """How long it may take at most, in words."""
    seconds = (time.perf_counter() - began) / iteration * (options.max_iters - iteration)
    return f"at most {duration(seconds)} left"


def duration(seconds: float) -> str:
    """Seconds up to two minutes, else minutes.

    >>> duration(59.6), duration(200)
    ('60 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _detect(model: Any, trial: Trial) -> Any:
    import torch

    model.eval()
    with torch.no_grad():
        return trial.detect(model)
