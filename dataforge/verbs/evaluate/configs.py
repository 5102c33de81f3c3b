"""The evaluation of a checkpoint on a split of its config."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from dataforge.errors import DataforgeError, InputError, UsageError, plural
from dataforge.frameworks import (
    BuiltDataset,
    CocoSource,
    Detections,
    TrainingConfig,
    explained,
    hidden_gpus,
    open_config,
    prepare_device,
)
from dataforge.io import open_file
from dataforge.verbs.evaluate.entry_shapes import coco_mask
from dataforge.verbs.evaluate.material import Detected, Marked, Material, Pictured
from dataforge.verbs.evaluate.report import Evaluation
from dataforge.verbs.evaluate.results import (
    EvaluateOptions,
    refuse_options,
    refuse_score,
    with_page,
)
from dataforge.verbs.evaluate.run import evaluate_material

Device = Literal["auto", "cuda", "cpu"]
"""Where detectors run; `auto` is CUDA if available."""

Split = Literal["train", "val", "test"]

PROOF = "proof.pth"
"""The checkpoint of a smoke run."""

_OF_PROOF = (
    f"{PROOF} is of a smoke run, which knows a few small images by heart: it finds little in "
    "others, or at the size that the config scales images to"
)

_TELL_EVERY = 10.0
"""Seconds between two lines of progress."""

T = TypeVar("T")


def evaluate_config(
    config: Path,
    checkpoint: Path,
    options: EvaluateOptions,
    *,
    split: Split | None = None,
    device: Device = "auto",
    log: Callable[[str], None],
) -> Evaluation:
    """Run a checkpoint on a split of its config, and evaluate what it finds.

    Args:
        config: of mmdetection 2.x or 3.x, or the `train.py` that `register` generates.
        checkpoint: of its model, or the ``proof.pth`` of a smoke run.
        options: see there.
        split: None for test, or val if the config has no test.
        device: where it runs.
        log: called with one line of progress at a time.

    Raises:
        UsageError: an option is invalid, or does not apply.
        InputError: a file does not exist or does not load, or the split has no images.
        MissingDependencyError: the framework is not installed.
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    refuse_options(options)
    refuse_score(options.score)
    if options.images is not None:
        raise UsageError("images are given with annotations; a config says where its images are")
    if not checkpoint.is_file():
        raise InputError(f"{checkpoint}: no such file")
    with hidden_gpus() if device == "cpu" else nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old mmcv with new torch: pages of them
        with explained():
            framework, opened = open_config(config, device)
            where = prepare_device(framework.adapter(), device)
        chosen = _split(opened, split)
        material = _found(opened, chosen, checkpoint, where, options, log)
    what = [str(config), str(checkpoint), chosen]
    made = evaluate_material(material, what, options.score)
    facts = [("Config", str(config)), ("Checkpoint", str(checkpoint)), ("Split", chosen)]
    name = config.resolve().parent.name if config.name == "train.py" else config.stem
    return with_page(made, f"{name}: {chosen}", facts, options)


def _split(config: TrainingConfig, wanted: Split | None) -> str:
    there = [split for split in ("test", "val", "train") if config.parts(split)]
    if wanted is not None and wanted not in there:
        raise InputError(f"the config has no {config.where(wanted)}; it has {', '.join(there)}")
    if wanted is None and not there:
        raise InputError("the config has no images to evaluate on")
    return wanted or there[0]


def _found(
    config: TrainingConfig,
    split: str,
    checkpoint: Path,
    device: str,
    options: EvaluateOptions,
    log: Callable[[str], None],
) -> Material:
    """Run the model on all parts of a split."""
    made: Material | None = None
    try:
        model = config.trained(checkpoint, device)
        for part in config.parts(split):
            built = part.build(training=False)
            log(f"{part.where}: {plural(len(built.images), 'image')} on {device}")
            given = told(config.detect(part, model), len(built.images), log)
            new = material_of(built, range(len(built.images)), given, masks=options.masks)
            if made is None:
                made = new
            elif made.classes != new.classes:
                raise InputError(f"{part.where}: has other classes than the part before")
            else:
                made.images += new.images
                made.marked += new.marked
                made.found += new.found
                made.image_ids = []  # of several files, they mean nothing
    except DataforgeError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{config.where(split)}: cannot be evaluated: {reason}") from error
    if made is None or not made.images:
        raise InputError(f"{config.where(split)}: has no images")
    if checkpoint.name == PROOF:
        made.notes.append(_OF_PROOF)
    return made


def told(given: Iterable[T], total: int, log: Callable[[str], None]) -> Iterator[T]:
    """What there is for each image, with lines that say how far it is, and how long it will take.

    Args:
        given: something for each image.
        total: number of images.
        log: called every ten seconds.
    """
    started = said = time.monotonic()
    for number, one in enumerate(given, 1):
        yield one
        now = time.monotonic()
        if now - said >= _TELL_EVERY and number < total:
            said = now
            left = (now - started) / number * (total - number)
            log(f"{number:,} of {plural(total, 'image')}, about {left:,.0f} s left")


def material_of(
    built: BuiltDataset,
    chosen: Sequence[int],
    given: Iterable[Detections] | None,
    *,
    masks: bool = False,
) -> Material:
    """Images of a dataset with what is in them, and what was found.

    Args:
        built: by a framework.
        chosen: indices of the images.
        given: what was found in them; None for nothing.
        masks: compare masks, which the dataset and the detector then must have.

    Raises:
        InputError: masks are wanted, and there are none.
    """
    infos = [built.images[index] for index in chosen]
    found: list[list[Detected]] = []
    for one in given or ():
        if masks and one.masks is None:
            raise InputError("--masks: the detector finds boxes alone")
        kept: list[Any] = [None] * len(one.labels)
        if masks and one.masks is not None:
            kept = [*one.masks]
        rows = zip(one.labels, one.scores, one.boxes, kept, strict=True)
        found.append([Detected(*row) for row in rows])
    return Material(
        classes=list(built.classes),
        images=[
            Pictured(info.name, partial(open_file, info.path), info.width or 0, info.height or 0)
            for info in infos
        ],
        marked=[_marked(built, index, masks=masks) for index in chosen],
        found=found or [[] for _ in infos],
        masks=masks,
        image_ids=[info.id for info in infos] if built.source else [],
        category_ids=_category_ids(built) if built.source else [],
    )


def _category_ids(built: BuiltDataset) -> list[Any]:
    """Of the classes, in the COCO file; those that it does not have are none."""
    names = built.source.names if built.source else {}
    ids = {built.class_of(name): id_ for id_, name in names.items()}
    return [ids.get(name) for name in built.classes]


def _marked(built: BuiltDataset, index: int, *, masks: bool) -> list[Marked]:
    """The objects of an image, those that do not count as crowds."""
    if masks and built.source is None:
        raise InputError("--masks: only a COCO file has masks to compare with")
    if built.source is not None and masks:
        return [*_of_coco(built, built.source, index)]
    areas = _areas(built, index)
    made = []
    for crowd, truth in ((False, built.truth(index)), (True, built.ignored(index))):
        for label, box in zip(*truth, strict=True):
            area = (box[2] - box[0]) * (box[3] - box[1])
            made.append(Marked(label, box, areas.get(_key(box), area), crowd))
    return made


def _key(box: Sequence[float]) -> tuple[int, ...]:
    return tuple(round(value) for value in box)


def _areas(built: BuiltDataset, index: int) -> dict[tuple[int, ...], float]:
    """Box, rounded -> area of its object in a COCO file, which may be that of a mask."""
    if built.source is None:
        return {}
    found = {}
    for one in built.source.annotations.get(built.images[index].id, []):
        if one.get("area") is not None and len(one.get("bbox") or ()) == 4:
            x, y, width, height = one["bbox"]
            found[_key((x, y, x + width, y + height))] = float(one["area"])
    return found


def _of_coco(built: BuiltDataset, source: CocoSource, index: int) -> Iterator[Marked]:
    """The objects of an image of a COCO file with their masks, and the dataset's classes."""
    info = built.images[index]
    for one in source.annotations.get(info.id, []):
        name = built.class_of(source.names.get(one["category_id"], ""))
        if name not in built.classes:
            continue
        mask = coco_mask(one.get("segmentation"), info.width or 0, info.height or 0)
        x, y, width, height = one["bbox"]
        box = x, y, x + width, y + height
        area = float(one.get("area") or width * height)
        yield Marked(built.classes.index(name), box, area, bool(one.get("iscrowd")), mask)
