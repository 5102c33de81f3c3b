"""``dataforge register`` and ``dataforge unregister``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Optional, get_args

import typer

from dataforge.classes import comma_list
from dataforge.cli.options import (
    Aliases,
    Drop,
    GroupBy,
    IgnoreCase,
    Labels,
    Merge,
    Seed,
    Split,
    Stratify,
    Unknown,
    class_options,
)
from dataforge.cli.output import choice, say, show_findings, table
from dataforge.errors import UsageError, plural
from dataforge.frameworks import TARGETS, TrainSpec
from dataforge.layouts import CoordsChoice, Difficult
from dataforge.register import Plan, Request, apply, check_applicable, plan
from dataforge.register import unregister as undo


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("register", help=_HELP, short_help="Register a dataset for training.")(_register)
    app.command("unregister", help="Take back what register wrote for NAME.")(_unregister)


_HELP = """Register a dataset with mmdetection or torchvision: class, class_names alias, configs.

NAME gives the class's name (HumanParts: HumanPartsDataset). A well-known name brings its own rules
for the folder, the classes and the boxes; the options override them. Nothing is edited in
mmdetection or in the dataset's own files: all goes to the folder OUT, and one .pth line makes it
importable from anywhere.
"""


def _register(
    name: str = typer.Argument(..., metavar="NAME", help="Of the dataset, such as HumanParts."),
    layout: Optional[str] = typer.Option(
        None,
        help="custom-voc (well known by NAME, else inferred), voc, coco, or a .toml file. "
        "Default: what the folder holds.",
    ),
    root: str = typer.Option(".", help="Folder of the dataset."),
    images: Optional[str] = typer.Option(None, help="Folder of the images, relative to the root."),
    annotations: Optional[str] = typer.Option(None, help="Folder of the XML files, likewise."),
    splits: Optional[str] = typer.Option(
        None, help="train=FILE,val=FILE: lists of ids, or COCO files."
    ),
    labels: Labels = None,
    aliases: Aliases = None,
    unknown: Unknown = None,
    ignore_case: IgnoreCase = None,
    drop: Drop = None,
    merge: Merge = None,
    also_known_as: Optional[str] = typer.Option(
        None, help="a,b: further names that get_classes() answers to."
    ),
    coords: Optional[str] = typer.Option(
        None,
        help="How boxes are counted: auto, voc (from 1), zero (from 0), or mmdet (-1 on all four).",
    ),
    difficult: Optional[str] = typer.Option(
        None, help="Difficult objects: keep (default), ignore or drop."
    ),
    split: Split = None,
    seed: Seed = 0,
    stratify: Stratify = False,
    group_by: GroupBy = None,
    out: Optional[str] = typer.Option(None, help="Folder to write. [default: NAME_registered]"),
    framework: Optional[str] = typer.Option(
        None,
        help=f"{', '.join(TARGETS)}, several of them with commas between, or all. "
        "[default: what is installed]",
    ),
    base: str = typer.Option(
        "faster_rcnn_r50_fpn",
        help="Detector: faster_rcnn_r50_fpn, mask_rcnn_r50_fpn, cascade_rcnn_r50_fpn (mmdet), "
        "retinanet_r50_fpn, or in torchvision's spelling fasterrcnn_resnet50_fpn_v2.",
    ),
    style: str = typer.Option("classic", help="Of an mmdet3 config: classic (_base_) or lazy."),
    gpus: int = typer.Option(1, min=1, help="The learning rate is scaled to them."),
    samples_per_gpu: int = typer.Option(2, min=1, help="Images a GPU and step."),
    repeat: int = typer.Option(1, min=1, help="Times that an epoch goes through the training set."),
    init: str = typer.Option(
        "imagenet", help="Backbone: imagenet (downloaded when training starts) or random."
    ),
    python: Optional[str] = typer.Option(
        None, help="The Python that trains. [default: the one that runs dataforge]"
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be written, as a diff."),
    force: bool = typer.Option(False, "--force", help="Overwrite what was changed by hand."),
) -> None:
    flags: dict[str, Any] = {
        "images": images,
        "annotations": annotations,
        "coords": coords and choice("coords", coords, get_args(CoordsChoice)),
        "difficult": difficult and choice("difficult", difficult, get_args(Difficult)),
        "splits": _paths(splits),
    }
    planned = plan(
        Request(
            name=name,
            root=root,
            layout=layout,
            flags={key: value for key, value in flags.items() if value is not None},
            also_known_as=tuple(comma_list(also_known_as or "")),
            split=split,
            seed=seed,
            stratify=stratify,
            group_by=group_by,
            out=out,
            frameworks=_frameworks(framework),
            train=TrainSpec(
                base=base,
                gpus=gpus,
                samples_per_gpu=samples_per_gpu,
                repeat=repeat,
                init=choice("init", init, ("imagenet", "random")),
                style=choice("style", style, ("classic", "lazy")),
            ),
            python=python,
            **class_options(labels, aliases, unknown, ignore_case, drop, merge),
        )
    )
    show_plan(planned)
    if dry_run:
        say(planned.diff() or "nothing would change")
        if planned.pth is not None:
            modules = ", ".join(target.module for target in planned.targets)
            say(f"would make {modules} importable by a line in {planned.pth}")
        say("nothing is written (--dry-run)")
        if not force:
            check_applicable(planned)
    else:
        show_applied(planned, apply(planned, force), python)
    raise typer.Exit(1 if planned.failed else 0)


def _frameworks(text: str | None) -> tuple[str, ...]:
    if text == "all":
        return tuple(TARGETS)
    return tuple(comma_list(text or ""))


def _paths(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [item.partition("=") for item in text.split(",")]
    if not all(name.strip() and path.strip() for name, _, path in pairs):
        raise UsageError(f"--splits {text}: want train=FILE,val=FILE")
    return {name.strip(): path.strip() for name, _, path in pairs}


def show_plan(planned: Plan) -> None:
    """How the folder was understood, and what is in it."""
    dataset = planned.dataset
    say(f"{dataset.name}: {dataset.format} in {dataset.root}")
    for reason in planned.reasons:
        say(f"  {reason}")
    splits = list(planned.instances)
    rows = [["class", *splits]]
    rows += [
        [name, *(f"{planned.instances[split].get(name, 0):,}" for split in splits)]
        for name in dataset.classes
    ]
    rows.append(["(images)", *(f"{planned.images.get(split, 0):,}" for split in splits)])
    for line in table(rows):
        say(line)
    show_findings(planned.findings)


def show_applied(planned: Plan, written: list[Path], python: str | None) -> None:
    """What was written, what that makes possible, and how to go on, with the Python that trains."""
    dataset = planned.dataset
    runs = shlex.quote(python or "python")
    dataforge = f"{runs} -m dataforge" if python else "dataforge"
    for path in written:
        say(f"wrote {path}")
    if not written:
        say(f"{planned.out} is up to date ({plural(len(planned.files), 'file')})")
    if planned.pth is not None:
        modules = ", ".join(target.module for target in planned.targets)
        say(f"importable as {modules}, by the line in {planned.pth}")
    else:
        say(f"no site-packages can be written: set PYTHONPATH={planned.out} before training")
    knows = f"; get_classes() knows it as {', '.join(dataset.aliases)}"
    of_mmdet = any(target.framework != "torchvision" for target in planned.targets)
    say(f"registered {dataset.class_name}{knows if of_mmdet else ''}")
    for target in planned.targets:
        config = shlex.quote(str(planned.out / target.config))
        say(f"prove it:  {dataforge} smoke {config}")
        script = "" if target.framework == "torchvision" else "tools/train.py "
        say(f"train it:  {runs} {script}{config}")
    option = f" --python {runs}" if python else ""
    say(f"undo it:   dataforge unregister {shlex.quote(dataset.name)}{option}")


def _unregister(
    name: str = typer.Argument(..., metavar="NAME", help="Of the dataset."),
    out: Optional[str] = typer.Option(None, help="Folder it was written to, if it is not found."),
    python: Optional[str] = typer.Option(None, help="The Python it was registered for."),
    force: bool = typer.Option(
        False, "--force", help="Remove files that were changed by hand, too."
    ),
) -> None:
    result = undo(name, out, python, force)
    for path in result.removed:
        say(f"removed {path}")
    for path in result.kept:
        say(f"kept {path}: it was changed by hand (--force removes it)")
    raise typer.Exit(1 if result.kept else 0)
