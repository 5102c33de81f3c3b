"""The proof for mmdetection 2.x: the config's own detector finds a few of its own images again.

It is trained through mmcv's own MMDataParallel and mmdet's own data loader, from random weights:
BatchNorm cannot learn from batches this small, so the backbone gets GroupNorm (Wu and He, Group
Normalization, arXiv 1803.08494) unless a checkpoint is given.
"""

from __future__ import annotations

import copy
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataforge.errors import InputError
from dataforge.smoke._report import Proof, SmokeOptions, SmokeReport
from dataforge.smoke.mmdet2_model import new_model, quiet, small_model
from dataforge.smoke.mmdet2_preflight import base_configs, build

LEARNING_RATE = 2e-4  # AdamW; found 16 drawn images of 2 classes again in 60 steps
WARM_UP = 10  # iterations
EVALUATE_EVERY = 10  # iterations, once the first are over
FIRST_EVALUATION = 20
CLEAR_PX = 24  # a box under about 0.7 of the smallest anchor (32 px) is matched by none
SIZES = (224, 512)  # pixels, longer side


def prove(
    cfg: Any, options: SmokeOptions, device: str, report: SmokeReport, log: Callable[[str], None]
) -> None:
    """Train, evaluate, reload, evaluate; fills in the report's proof, AP50 and reasons."""
    import torch
    from mmdet.apis import set_random_seed

    started = time.perf_counter()
    set_random_seed(options.seed)
    proof = report.proof = Proof()
    datasets = _Datasets(cfg, options, proof)
    log(
        f"{len(proof.images)} images at {proof.size} px; "
        f"AP50 of {options.target:g} is wanted within {options.max_iters} iterations"
    )
    model_config = small_model(cfg.model, random=options.weights is None)
    model = new_model(model_config, cfg, device)
    if options.weights is not None:
        _load_weights(model, options.weights, log)
    checkpoint = options.work_dir / "proof.pth"
    problem = _train(model, datasets, options, proof, log)
    if problem:
        report.reasons.append(problem)
    else:
        _save(model, checkpoint, report.classes)
        reloaded = new_model(model_config, cfg, device)
        _load_checkpoint(reloaded, checkpoint)
        results = datasets.detect(reloaded)
        proof.ap50_reloaded = report.ap50 = datasets.ap50(results)
        proof.ap50_per_class = datasets.ap50_per_class(results)
        report.reasons += _judge(proof, options)
    proof.seconds = round(time.perf_counter() - started, 1)
    if device == "cuda":
        torch.cuda.empty_cache()


def _judge(proof: Proof, options: SmokeOptions) -> list[str]:
    """Why the proof does not count, in words; empty where it does."""
    reasons = []
    reached = proof.ap50_reloaded or 0.0
    trained = list(proof.ap50.values())[-1]
    if reached < options.target:
        worst = sorted(proof.ap50_per_class.items(), key=lambda item: item[1])
        listed = ", ".join(f"{name} {value:.2f}" for name, value in worst[:5])
        reasons.append(
            f"AP50 on the {len(proof.images)} images it was trained on is {reached:.3f} after "
            f"{proof.iterations} iterations, not {options.target:g} (by class: {listed}); "
            "if the loss was still falling, give it more with --max-iters"
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


# Data -------------------------------------------------------------------------------------------


class _Datasets:
    """The same few images twice: as they are trained on, and as they are evaluated."""

    def __init__(self, cfg: Any, options: SmokeOptions, proof: Proof) -> None:
        config = next(iter(base_configs(cfg.data.train)))
        whole = build(config)
        chosen = choose_images(whole, options.images)
        proof.size = options.size or clear_size(whole, chosen)
        proof.images = [whole.data_infos[i]["filename"] for i in chosen]
        train, left_out = train_pipeline(config["pipeline"], proof.size)
        proof.left_out = left_out
        if not any(step["type"] == "Collect" for step in config["pipeline"]):
            raise InputError(
                "the pipeline of the training images ends without Collect, as under a "
                "MultiImageMixDataset: the proof cannot train on them one by one"
            )
        test_config = next(iter(base_configs(cfg.data.get("val", cfg.data.train))))
        test = test_pipeline(test_config["pipeline"], proof.size)
        self.train = build(config, pipeline=train)
        self.test = build(config, pipeline=test, test_mode=True)
        _keep(self.train, proof.images)
        _keep(self.test, proof.images)
        self.train._set_group_flag()
        self.options = options

    def batches(self) -> Iterator[Any]:
        """Training batches without end, in an order that the seed fixes."""
        from mmdet.datasets import build_dataloader

        batch = min(self.options.batch, len(self.train))
        loader = build_dataloader(
            self.train, batch, 0, dist=False, shuffle=True, seed=self.options.seed
        )
        while True:
            yield from loader

    def detect(self, model: Any) -> list[Any]:
        """The model's detections on the images (as mmdet.apis.single_gpu_test makes them)."""
        import torch
        from mmdet.core import encode_mask_results
        from mmdet.datasets import build_dataloader

        loader = build_dataloader(self.test, 1, 0, dist=False, shuffle=False)
        model.eval()
        results: list[Any] = []
        for batch in loader:
            with torch.no_grad():
                found = model(return_loss=False, rescale=True, **batch)
            results += [
                (item[0], encode_mask_results(item[1])) if isinstance(item, tuple) else item
                for item in found
            ]
        return results

    def ap50(self, results: Sequence[Any]) -> float:
        """AP50 by the dataset's own evaluation, as the config asks for it."""
        is_coco = hasattr(self.test, "coco")
        with quiet():
            found = self.test.evaluate(
                results, metric="bbox" if is_coco else "mAP", logger="silent"
            )
        return float(found.get("bbox_mAP_50" if is_coco else "AP50", 0.0))

    def ap50_per_class(self, results: Sequence[Any]) -> dict[str, float]:
        """AP50 of each class that has a box in the images (mmdet's eval_map)."""
        from mmdet.core import eval_map

        boxes = [result[0] if isinstance(result, tuple) else result for result in results]
        truth = [self.test.get_ann_info(i) for i in range(len(self.test))]
        _, by_class = eval_map(boxes, truth, dataset=self.test.CLASSES, logger="silent", nproc=1)
        return {
            name: round(float(entry["ap"]), 4)
            for name, entry in zip(self.test.CLASSES, by_class, strict=True)
            if entry["num_gts"]
        }


def _keep(dataset: Any, file_names: Sequence[str]) -> None:
    """Cut a dataset down to some of its images, in this order."""
    index = {info["filename"]: i for i, info in enumerate(dataset.data_infos)}
    kept = [index[name] for name in file_names]
    dataset.data_infos = [dataset.data_infos[i] for i in kept]
    if hasattr(dataset, "img_ids"):
        dataset.img_ids = [dataset.img_ids[i] for i in kept]


def choose_images(dataset: Any, number: int) -> list[int]:
    """Indices of images that show every class, soonest the classes that are seldom.

    Among equals, those with few boxes, and those whose smallest box is large.
    """
    labels: dict[int, set[int]] = {}
    cost: dict[int, tuple[int, float]] = {}
    for index, info in enumerate(dataset.data_infos):
        annotation = dataset.get_ann_info(index)
        if len(annotation["labels"]):
            labels[index] = {int(label) for label in annotation["labels"]}
            smallest = min(
                math.sqrt(max(0.0, float((x1 - x0) * (y1 - y0))))
                for x0, y0, x1, y1 in annotation["bboxes"]
            )
            cost[index] = len(annotation["labels"]), -smallest / max(info["width"], info["height"])
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


def clear_size(dataset: Any, chosen: Sequence[int]) -> int:
    """The longer side, px, at which nine of ten boxes are large enough for the anchors."""
    shares = sorted(
        math.sqrt(max(1.0, float((x1 - x0) * (y1 - y0)))) / max(info["width"], info["height"])
        for index in chosen
        for info in [dataset.data_infos[index]]
        for x0, y0, x1, y1 in dataset.get_ann_info(index)["bboxes"]
    )
    small = shares[len(shares) // 10]
    size = math.ceil(CLEAR_PX / small / 32) * 32
    return int(min(max(size, SIZES[0]), SIZES[1]))


# What a few images are trained and tested through. The rest of a config's pipeline augments, which
# is what overfitting has no use for.
_PLAIN = (
    "LoadImageFromFile", "LoadAnnotations", "FilterAnnotations", "Resize", "RandomFlip",
    "Normalize", "Pad", "DefaultFormatBundle", "ImageToTensor", "ToTensor", "Collect",
)  # fmt: skip


def train_pipeline(pipeline: Sequence[Mapping[str, Any]], size: int) -> tuple[list[Any], list[str]]:
    """The config's training pipeline at another size without chance, and what was left out."""
    plain = [copy.deepcopy(dict(step)) for step in pipeline if step["type"] in _PLAIN]
    left_out = [step["type"] for step in pipeline if step["type"] not in _PLAIN]
    return [_fixed(step, size) for step in plain], left_out


def test_pipeline(pipeline: Sequence[Mapping[str, Any]], size: int) -> list[Any]:
    """The config's test pipeline at another size."""
    steps = [copy.deepcopy(dict(step)) for step in pipeline]
    for step in steps:
        if step["type"] == "MultiScaleFlipAug":
            step.pop("scale_factor", None)
            step.update(img_scale=(size, size), flip=False)
    return steps


def _fixed(step: dict[str, Any], size: int) -> dict[str, Any]:
    if step["type"] == "Resize":
        return {"type": "Resize", "img_scale": (size, size), "keep_ratio": True}
    if step["type"] == "RandomFlip":
        return {"type": "RandomFlip", "flip_ratio": 0.0}
    return step


# Weights ----------------------------------------------------------------------------------------


def _save(model: Any, path: Path, classes: Sequence[str]) -> None:
    from mmcv.runner import save_checkpoint

    save_checkpoint(model, str(path), meta={"CLASSES": tuple(classes)})


def _load_checkpoint(model: Any, path: Path) -> None:
    from mmcv.runner import load_state_dict

    load_state_dict(model.module, _read_weights(path), strict=True)


def _load_weights(model: Any, path: Path, log: Callable[[str], None]) -> None:
    """Take over every tensor that fits by name and shape.

    Raises:
        InputError: there is no such file, or none fits.
    """
    given = _read_weights(path)
    own = model.module.state_dict()
    fitting = {name: v for name, v in given.items() if name in own and own[name].shape == v.shape}
    if not fitting:  # weights of a backbone alone, such as torchvision's
        given = {f"backbone.{name}": value for name, value in given.items()}
        fitting = {n: v for n, v in given.items() if n in own and own[n].shape == v.shape}
    if not fitting:
        raise InputError(f"--weights {path}: none of its {len(given)} tensors fits this detector")
    model.module.load_state_dict(fitting, strict=False)
    log(f"{len(fitting)} of {len(own)} tensors are from {path}")


def _read_weights(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        content = torch.load(str(path), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as a checkpoint: {error}") from error
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path}: holds more than tensors and is not loaded for safety; "
            "save its state_dict alone"
        ) from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        raise InputError(f"{path}: is no checkpoint: want tensors by name")
    return state


# Training ---------------------------------------------------------------------------------------


def _train(
    model: Any, datasets: _Datasets, options: SmokeOptions, proof: Proof, log: Callable[[str], None]
) -> str:
    """Train until AP50 is reached or the iterations are used up; returns what went wrong."""
    import torch

    parameters = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=1e-4)
    durations = []
    for iteration, batch in enumerate(datasets.batches(), 1):
        started = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, iteration / WARM_UP)
        model.train()
        outputs = model.train_step(batch, optimizer)
        loss = float(outputs["loss"])
        proof.iterations = iteration
        if not math.isfinite(loss):
            parts = ", ".join(f"{name} {value:.3g}" for name, value in outputs["log_vars"].items())
            return (
                f"the loss is not finite in iteration {iteration} ({parts}): "
                "look for boxes without area"
            )
        proof.losses.append(round(loss, 5))
        optimizer.zero_grad()
        outputs["loss"].backward()
        torch.nn.utils.clip_grad_norm_(parameters, max_norm=10)
        optimizer.step()
        durations.append(time.perf_counter() - started)
        proof.seconds_per_iteration = round(statistics.median(durations), 3)
        last = iteration >= options.max_iters
        if last or (iteration >= FIRST_EVALUATION and iteration % EVALUATE_EVERY == 0):
            ap50 = proof.ap50[iteration] = datasets.ap50(datasets.detect(model))
            log(f"iteration {iteration}: loss {loss:.3f}, AP50 {ap50:.3f}")
            if ap50 >= options.target or last:
                return ""
        elif iteration % EVALUATE_EVERY == 0:
            log(f"iteration {iteration}: loss {loss:.3f}")
    return "there is nothing to train on"
