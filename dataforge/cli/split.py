"""``dataforge split``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataforge.cli import options
from dataforge.cli.command import SPLITS, Argument, Command, Option
from dataforge.cli.how_to_list import Check, show_how_to_list
from dataforge.cli.output import (
    Output,
    show_findings,
    show_numbers,
    tell,
)
from dataforge.cli.progress import progress_bar
from dataforge.errors import plural
from dataforge.formats import formats
from dataforge.verbs.split import SplitJob, SplitReport, make

_HELP = """Assign images to splits, and record the assignment in a manifest.

The manifest can be given to --split of convert and register. Run this again when the dataset has
grown: new images are assigned so that the splits approach the ratios, and images that are already
in the manifest keep their split. To reassign all images, delete the file.
"""


def command() -> Command:
    """The command."""
    return Command(
        "split",
        _split,
        help=_HELP,
        params=[
            Argument("src", metavar="SRC", help="Folder or annotation file to read."),
            options.from_option(formats()),
            options.layout_option(),
            options.follow_links_option(),
            Option(
                "--split",
                "ratios",
                section=SPLITS,
                metavar="RATIOS",
                help="Such as 80,20 or train=80,val=10,test=10; required for a new manifest.",
            ),
            Option(
                "--seed",
                section=SPLITS,
                type=int,
                help="Random seed. [default: the manifest's, else 0]",
            ),
            Option(
                "--stratify/--no-stratify",
                section=SPLITS,
                is_flag=True,
                default=None,
                help="Also keep the ratios for the instances of each class.",
            ),
            options.group_by_option(),
            options.output_option("The manifest: a .json or .toml file.", "FILE", "splits.json"),
            options.output(),
            options.force_option(only_report=True),
            options.work(),
        ],
    )


def _split(
    src: str, from_: str | None, out: str, output: Output, work: dict[str, Any], **more: Any
) -> int:
    job = SplitJob(source=src, reads=from_, out=out, **work, **more)
    with progress_bar("split") as progress:
        report = make(job, progress)
    return output.give(report, lambda report: show(report, job), failed=report.failed)


def show(report: SplitReport, job: SplitJob) -> None:
    """Print the number of images and instances in each split, and the findings."""
    tell(f"{plural(sum(report.images.values()), 'image')} ({report.format})")
    counts = report.manifest.counts
    classes = next(iter(counts.values()), {})
    rows = {name: [by_class[name] for by_class in counts.values()] for name in classes}
    show_numbers([*counts], rows, "(images)", [*report.images.values()], _shares)
    show_findings(report.findings)
    check = Check(job.source, job.reads or "", job.layout, follow_links=job.follow_links)
    show_how_to_list(report.findings, check, report.images)
    if report.kept:
        tell(f"{plural(report.kept, 'image')} unchanged, {report.new:,} new")
    tell(f"wrote {job.out}" if report.written else f"{job.out} is up to date")


def _shares(numbers: Sequence[int]) -> list[str]:
    """Numbers with their shares of the sum."""
    total = sum(numbers)
    return [f"{value:,} ({value / total:.1%})" if total else f"{value:,}" for value in numbers]
