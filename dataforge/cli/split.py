"""``dataforge split``."""

from __future__ import annotations

from typing import Optional

import typer

from dataforge.cli.options import GroupBy
from dataforge.cli.output import progress_bar, say, show_findings, table
from dataforge.errors import plural
from dataforge.formats import formats
from dataforge.split import SplitJob, SplitReport, make


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("split", help=_HELP, short_help="Decide which image goes to which split.")(_split)


_HELP = """Decide which image goes to which split, and write it down.

The manifest is for --split of convert and register. Run again when the data have grown: new images
are added so that the numbers come nearer to the ratios, and an image that is in the manifest never
changes sides. To draw all anew, remove the file.
"""


def _split(
    src: str = typer.Argument(..., metavar="SRC", help="Folder to read."),
    ratios: Optional[str] = typer.Option(
        None, help="Such as train=0.8,val=0.1,test=0.1; needed the first time."
    ),
    stratify: Optional[bool] = typer.Option(
        None,
        "--stratify/--no-stratify",
        help="Share out each class's instances by the ratios, too.",
    ),
    group_by: GroupBy = None,
    seed: Optional[int] = typer.Option(None, help="Of the draw. [default: 0]"),
    format_: Optional[str] = typer.Option(
        None, "--format", help=f"One of: {', '.join(formats())}. Default: what the folder holds."
    ),
    layout: Optional[str] = typer.Option(None, help="As for convert (voc)."),
    out: str = typer.Option("splits.json", help="The manifest: a .json or .toml file."),
) -> None:
    job = SplitJob(
        source=src,
        out=out,
        format=format_,
        layout=layout,
        ratios=ratios,
        seed=seed,
        group_by=group_by,
        stratify=stratify,
    )
    with progress_bar("split") as progress:
        report = make(job, progress)
    show(report, out)
    raise typer.Exit(1 if report.failed else 0)


def show(report: SplitReport, out: str) -> None:
    """What is where, what was found, what to do with it."""
    say(f"{plural(sum(report.images.values()), 'image')} ({report.format})")
    counts = report.manifest.counts
    total = sum(report.images.values())
    rows = [["class", *counts]]
    for name in next(iter(counts.values()), {}):
        numbers = [by_class[name] for by_class in counts.values()]
        rows.append([name, *(_share(number, sum(numbers)) for number in numbers)])
    rows.append(["(images)", *(_share(number, total) for number in report.images.values())])
    for line in table(rows):
        say(line)
    show_findings(report.findings)
    if report.kept:
        say(f"{plural(report.kept, 'image')} as before, {report.new:,} new")
    say(f"wrote {out}" if report.written else f"{out} is up to date")


def _share(number: int, total: int) -> str:
    return f"{number:,} ({number / total:.1%})" if total else f"{number:,}"
