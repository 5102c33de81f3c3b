"""``dataforge coco merge``, ``filter`` and ``subset``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataforge.classes import comma_list
from dataforge.cli import options
from dataforge.cli.command import Argument, Command, Group, Option
from dataforge.cli.convert import show_report
from dataforge.cli.output import Output
from dataforge.cli.progress import progress_bar
from dataforge.verbs import coco_tools


def command() -> Group:
    """The commands."""
    group = Group(
        "coco",
        help="Merge, filter or sample COCO files. Unknown keys are kept; new ids are assigned.",
    )
    for one in (_merge_command(), _filter_command(), _subset_command()):
        group.add_command(one)
    return group


def _source() -> Argument:
    return Argument("src", metavar="SRC", help="COCO file to read.")


def _shared() -> list[Any]:
    return [options.output(), options.force_option("OUT, and the file of --report")]


def _target() -> Argument:
    return Argument("out", metavar="OUT", writes="output", help="COCO file to write.")


def _merge_command() -> Command:
    return Command(
        "merge",
        _merge,
        help="Merge several COCO files into one; categories are merged by name.",
        short_help="Merge several COCO files into one.",
        params=[
            Argument("files", nargs=-1, required=True, metavar="FILE...", help="Files to read."),
            _target(),
            Option(
                "--prefix",
                is_flag=True,
                default=False,
                help="Put the folder of each file's images before their names, so that images of "
                "the same name are kept.",
            ),
            *_shared(),
        ],
    )


def _filter_command() -> Command:
    return Command(
        "filter",
        _filter,
        help="Write the annotations of a COCO file that meet all conditions.",
        short_help="Filter the annotations of a COCO file.",
        params=[
            _source(),
            _target(),
            Option("--classes", metavar="A,B", help="Classes to keep. [default: all]"),
            Option(
                "--min-area",
                type=float,
                default=0.0,
                show_default=True,
                help="Minimum area to keep, in square pixels.",
            ),
            Option(
                "--max-area",
                type=float,
                default=math.inf,
                show_default=True,
                help="Maximum area to keep, in square pixels.",
            ),
            Option("--drop-crowd", is_flag=True, default=False, help="Leave out crowds."),
            Option(
                "--drop-empty",
                is_flag=True,
                default=False,
                help="Leave out images without annotations.",
            ),
            *_shared(),
        ],
    )


def _subset_command() -> Command:
    return Command(
        "subset",
        _subset,
        help="Write a subset of the images of a COCO file, with all their annotations.",
        short_help="Write a subset of the images of a COCO file.",
        params=[
            _source(),
            _target(),
            Option("--images", type=int, metavar="N", help="Number of images to sample."),
            Option("--seed", type=int, default=0, show_default=True, help="Random seed."),
            Option(
                "--list",
                "listed",
                metavar="FILE",
                type=options.FILE,
                help="File that lists the images to keep, one per line.",
            ),
            *_shared(),
        ],
    )


def _merge(files: Sequence[str], out: str, prefix: bool, output: Output, force: bool) -> int:
    with progress_bar("coco merge") as progress:
        report = coco_tools.merge(files, out, prefix=prefix, force=force, progress=progress)
    return output.give(report, show_report, failed=report.failed)


def _filter(
    src: str, out: str, classes: str | None, output: Output, force: bool, **limits: Any
) -> int:
    kept = tuple(comma_list(classes)) if classes is not None else None
    wanted = coco_tools.Filter(classes=kept, **limits)
    with progress_bar("coco filter") as progress:
        report = coco_tools.filter_file(src, out, wanted, force=force, progress=progress)
    return output.give(report, show_report, failed=report.failed)


def _subset(
    src: str,
    out: str,
    images: int | None,
    seed: int,
    listed: Path | None,
    output: Output,
    force: bool,
) -> int:
    with progress_bar("coco subset") as progress:
        report = coco_tools.subset(
            src, out, images=images, seed=seed, listed=listed, force=force, progress=progress
        )
    return output.give(report, show_report, failed=report.failed)
