"""``dataforge check``."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from dataforge.check import MAX_FINDINGS, CheckOptions, check
from dataforge.cli._check_output import FORMS
from dataforge.cli._options import (
    Aliases,
    Drop,
    IgnoreCase,
    Labels,
    Merge,
    Unknown,
    class_options,
)
from dataforge.cli._output import choice, progress_bar, say
from dataforge.formats._table import formats

Codes = Annotated[Optional[list[str]], typer.Option(metavar="A,B")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help=_HELP, short_help="Find what will spoil the training.")(_check)


_HELP = """Find what will spoil the training, before the training.

PATH is a folder in any format that dataforge reads, a COCO file, or a training config (.py).
Nothing is changed in it. `dataforge explain` lists all codes and their groups.

A dataforge.toml in the folder, or above the working directory, may say: [check] select = ["boxes"],
ignore = [{ code = "zero-area", reason = "why" }], per-file = [{ files = "old/*", code = "boxes",
reason = "why" }].
"""


def _check(
    path: str = typer.Argument(..., metavar="PATH", help="Folder, COCO file or config."),
    form: str = typer.Option("text", "--format", help=f"One of: {', '.join(FORMS)}."),
    select: Codes = None,
    ignore: Codes = None,
    max_findings: int = typer.Option(
        MAX_FINDINGS, min=0, help="Findings of one code to show, 0 for all; the rest are counted."
    ),
    exit_zero: bool = typer.Option(False, "--exit-zero", help="Exit with 0 whatever is found."),
    no_images: bool = typer.Option(False, "--no-images", help="Open no image file."),
    reads: Optional[str] = typer.Option(
        None, help=f"One of: {', '.join(formats())}. Default: what the folder holds."
    ),
    layout: Optional[str] = typer.Option(None, help="As for convert (voc)."),
    image_root: Optional[str] = typer.Option(
        None, help="Folder that image paths are relative to, if not PATH (labelme, coco)."
    ),
    labels: Labels = None,
    aliases: Aliases = None,
    unknown: Unknown = None,
    ignore_case: IgnoreCase = None,
    drop: Drop = None,
    merge: Merge = None,
) -> None:
    lines = choice("format", form, tuple(FORMS)) and FORMS[form]
    options = CheckOptions(
        reads=reads,
        read_options={"image_root": image_root} if image_root else {},
        layout=layout,
        select=_names(select),
        ignore=_names(ignore),
        images=not no_images,
        max_findings=max_findings,
        **class_options(labels, aliases, unknown, ignore_case, drop, merge),
    )
    with progress_bar("check") as progress:
        report = check(path, options, progress)
    for line in lines(report):
        say(line)
    raise typer.Exit(1 if report.failed and not exit_zero else 0)


def _names(said: list[str] | None) -> tuple[str, ...]:
    return tuple(name for item in said or () for part in item.split(",") if (name := part.strip()))
