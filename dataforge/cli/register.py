"""``dataforge register``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

from dataforge.classes import comma_list
from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Bundle, Command, Option
from dataforge.cli.next_commands import next_commands
from dataforge.cli.output import Output, say_lines, show_counts, show_findings, tell
from dataforge.cli.progress import progress_bar
from dataforge.cli.struct_options import given, struct_options
from dataforge.errors import UsageError, plural
from dataforge.frameworks import (
    PYTHON_FOLDER,
    TrainSpec,
    detectors,
    frameworks,
    get_framework,
    parse_settings,
)
from dataforge.layouts import CoordsChoice, Difficult
from dataforge.models import networks
from dataforge.shell import UNPRINTABLE, command_line
from dataforge.verbs.adopt import plan_any
from dataforge.verbs.register import Plan, Request, apply, check_applicable

_HELP = """Register a dataset with mmdetection or torchvision: dataset class, class names, configs.

\b
  dataforge register HumanParts --layout custom-voc

NAME gives the name of the dataset class (HumanParts: HumanPartsDataset). If NAME is a well-known
dataset, its folders, classes and boxes are known; the options override them. Neither mmdetection
nor the dataset is changed: everything is written to the output folder, and a line in site-packages
makes it importable from anywhere. COCO and Pascal VOC are read as they are; a folder in another
format is converted to COCO beside the output first.
"""

_FOLDERS = "Folders and boxes"
_TRAINING = "Training"


def command() -> Command:
    """The command."""
    structs = {name: type(get_framework(name).options) for name in frameworks()}
    return Command(
        "register",
        _register,
        help=_HELP,
        params=[
            Argument("name", metavar="NAME", help="Name of the dataset, such as HumanParts."),
            *_places(),
            Bundle("flags", _layout_flags(), _flags),
            options.classes(),
            Option(
                "--alias",
                section="Classes",
                metavar="A,B",
                help="Additional names for mmdetection's get_classes().",
            ),
            options.split(),
            Bundle("train", _training(), _train_spec),
            Bundle("chosen", struct_options(structs, _TRAINING), given),
            Option(
                "--no-index",
                section=_TRAINING,
                is_flag=True,
                default=False,
                help="Keep no index of the XML files beside them, which starts training faster.",
            ),
            Option(
                "--dry-run",
                section=OUTPUT,
                is_flag=True,
                default=False,
                help="Show what would be written, as a diff, without writing.",
            ),
            options.output_option("Folder to write. [default: NAME_registered]", "DIR"),
            options.output(),
            options.force_option("files that were changed by hand"),
            options.work(),
        ],
    )


def _places() -> list[Option]:
    return [
        Option(
            "--root",
            metavar="DIR",
            default=".",
            help="Folder of the dataset. [default: the working directory]",
        ),
        Option(
            "--layout",
            metavar="NAME|FILE",
            help="custom-voc (NAME's if that is well known, else inferred), voc, coco, the name of "
            "a well-known dataset, or a .toml file. [default: what the folder contains]",
        ),
        Option(
            "--framework",
            "frameworks_",
            metavar="A,B|all",
            help=f"Frameworks to register for: {', '.join(frameworks())}, several of them, or all. "
            "[default: the installed one]",
        ),
        options.python_option(),
        options.follow_links_option(),
    ]


def _layout_flags() -> list[Option]:
    return [
        Option(
            "--image-dir",
            section=_FOLDERS,
            metavar="DIR",
            help="Folder of the images, relative to the root.",
        ),
        Option(
            "--annotation-dir",
            section=_FOLDERS,
            metavar="DIR",
            help="Folder of the XML files, relative to the root.",
        ),
        Option(
            "--split-files",
            section=_FOLDERS,
            metavar="train=FILE,val=FILE",
            help="The lists of ids, or the COCO files, of the splits.",
        ),
        Option(
            "--coords",
            section=_FOLDERS,
            choices=get_args(CoordsChoice),
            help="Coordinate convention of boxes: voc (from 1), zero (from 0), mmdet (1 more on "
            "all four sides), or auto (inferred).",
        ),
        Option(
            "--difficult",
            section=_FOLDERS,
            choices=get_args(Difficult),
            help="Difficult objects: keep them, make them crowds (ignore) or drop them. [default: "
            "keep]",
        ),
    ]


def _flags(
    image_dir: str | None, annotation_dir: str | None, split_files: str | None, **same: Any
) -> dict[str, Any]:
    """The fields of `dataforge.layouts.Layout`."""
    return given(images=image_dir, annotations=annotation_dir, splits=_paths(split_files), **same)


def _training() -> list[Option]:
    positive: dict[str, Any] = {
        "section": _TRAINING,
        "type": int,
        "least": 1,
        "show_default": True,
    }
    return [
        Option(
            "--base",
            section=_TRAINING,
            metavar="DETECTOR",
            default=TrainSpec().base,
            show_default=True,
            help=f"One of {_detectors()}; in any framework's spelling.",
        ),
        Option("--gpus", default=1, help="GPUs; the learning rate depends on them.", **positive),
        Option("--batch-size", default=2, help="Images per GPU and iteration.", **positive),
        Option("--repeat", default=1, help="Times an epoch repeats the training set.", **positive),
        Option(
            "--workflow",
            section=_TRAINING,
            choices=get_args(get_type_hints(TrainSpec)["workflow"]),
            default=TrainSpec().workflow,
            show_default=True,
            help="With train,val the losses on the validation set are computed after each epoch.",
        ),
        Option(
            "--pretrained",
            section=_TRAINING,
            choices=("imagenet", "random"),
            default="imagenet",
            show_default=True,
            help="Weights of the backbone to start from: those of ImageNet, which are downloaded "
            "when training starts, or random ones.",
        ),
        *_model(),
    ]


def _model() -> list[Option]:
    return [
        Option(
            "--backbone",
            section=_TRAINING,
            metavar="NAME",
            default=TrainSpec().backbone,
            show_default=True,
            help=f"Network of the detector, one of {', '.join(networks())}.",
        ),
        Option(
            "--weights",
            section=_TRAINING,
            metavar="FILE",
            help="Weights of the backbone, in place of those of --pretrained.",
        ),
        Option(
            "--frozen-stages",
            section=_TRAINING,
            type=int,
            least=-1,
            help="Stages of the backbone that are not trained: -1 for none, 0 for the stem, 1 for "
            "the stem and the first stage. [default: 1 with weights, else -1]",
        ),
        Option(
            "--set",
            "settings",
            section=_TRAINING,
            metavar="PART.ARGUMENT=VALUE",
            multiple=True,
            help="An argument of the model, such as neck.start_level=1 or backbone.norm_eval=False;"
            " may be repeated.",
        ),
    ]


def _train_spec(
    batch_size: int, pretrained: Any, weights: str | None, settings: tuple[str, ...], **same: Any
) -> TrainSpec:
    return TrainSpec(
        samples_per_gpu=batch_size,
        init=pretrained,
        weights=os.path.abspath(weights) if weights else "",
        settings=parse_settings(settings),
        **same,
    )


def _detectors() -> str:
    """The detectors, each with the frameworks that have it, unless all do."""
    every = len(frameworks())
    return ", ".join(
        base if len(of) == every else f"{base} ({', '.join(of)})"
        for base, of in detectors().items()
    )


def _register(
    classes: dict[str, Any],
    alias: str | None,
    split: dict[str, Any],
    chosen: dict[str, Any],
    frameworks_: str | None,
    no_index: bool,
    dry_run: bool,
    output: Output,
    force: bool,
    work: dict[str, Any],
    **more: Any,
) -> int:
    request = Request(
        also_known_as=tuple(comma_list(alias or "")),
        frameworks=_frameworks(frameworks_),
        framework_options=chosen,
        index=not no_index,
        **classes,
        **split,
        **work,
        **more,
    )
    with progress_bar("register") as progress:
        planned = plan_any(request, progress, dry_run=dry_run, force=force)
    written = [] if dry_run else apply(planned, force)

    def show(_: Any) -> None:
        show_plan(planned)
        if dry_run:
            show_dry_run(planned)
        else:
            show_applied(planned, written, request.python)

    code = output.give(as_json(planned, written), show, failed=planned.failed)
    if dry_run:
        check_applicable(planned, force)  # last, because its message refers to the diff
    return code


def _frameworks(text: str | None) -> tuple[str, ...]:
    return frameworks() if text == "all" else tuple(comma_list(text or ""))


def _paths(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [item.partition("=") for item in text.split(",")]
    if not all(name.strip() and path.strip() for name, _, path in pairs):
        raise UsageError(f"--split-files {text}: expected train=FILE,val=FILE")
    return {name.strip(): path.strip() for name, _, path in pairs}


def as_json(planned: Plan, written: Sequence[Path]) -> dict[str, Any]:
    """What was registered, as JSON for tools; keys are never removed."""
    dataset = planned.dataset
    return {
        "name": dataset.name,
        "class_name": dataset.class_name,
        "aliases": dataset.aliases,
        "format": dataset.format,
        "root": dataset.root,
        "classes": dataset.classes,
        "images": planned.images,
        "instances": planned.instances,
        "reasons": planned.reasons,
        "findings": planned.findings,
        "out": planned.out,
        "path_file": planned.pth,
        "targets": planned.targets,
        "files": [file.path for file in planned.files],
        "written": written,
    }


def show_plan(planned: Plan) -> None:
    """Print the detected layout of the folder and its content."""
    dataset = planned.dataset
    tell(f"{dataset.name}: {dataset.format} in {dataset.root}")
    for reason in planned.reasons:
        tell(f"  {reason}", wrap=True)
    images = {split: planned.images.get(split, 0) for split in planned.instances}
    show_counts(dataset.classes, images, planned.instances)
    show_findings(planned.findings)


def show_dry_run(planned: Plan) -> None:
    """Print what would be written, as a diff."""
    say_lines((planned.diff() or "nothing would change").splitlines())
    if planned.pth is not None:
        modules = ", ".join(target.module for target in planned.targets)
        tell(f"would make {modules} importable by a line in {planned.pth}")
    tell("nothing was written (--dry-run)")


def show_applied(planned: Plan, written: Sequence[Path], python: str | None) -> None:
    """Print what was written, and the next commands, with the Python used for training."""
    dataset = planned.dataset
    for path in written:
        tell(f"wrote {path}")
    if not written:
        tell(f"{planned.out} is up to date ({plural(len(planned.files), 'file')})")
    if planned.pth is not None:
        modules = ", ".join(target.module for target in planned.targets)
        tell(f"importable as {modules}, by the line in {planned.pth}")
    else:
        setting = command_line(f"PYTHONPATH={planned.out / PYTHON_FOLDER}")
        tell(f"no site-packages is writable: set {setting or UNPRINTABLE} before training")
    frameworks_ = [get_framework(target.framework) for target in planned.targets]
    knows = f"; get_classes() knows it as {', '.join(dataset.aliases)}"
    has_get_classes = any(framework.has_get_classes for framework in frameworks_)
    tell(f"registered {dataset.class_name}{knows if has_get_classes else ''}")
    for label, command in next_commands(planned, python):
        tell(f"{label} {command or UNPRINTABLE}")
