"""``dataforge check``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Optional

import typer

from dataforge.check import MAX_FINDINGS, CheckOptions, check
from dataforge.classes import comma_list
from dataforge.cli.check_output import FORMS
from dataforge.cli.options import Aliases, Drop, IgnoreCase, Labels, Merge, Unknown, class_options
from dataforge.cli.output import choice, progress_bar, say, show_as_it_is, warn
from dataforge.errors import UsageError, plural
from dataforge.fix import BACKUP, Plan, planned_fixes
from dataforge.formats import formats


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help=_HELP, short_help="Find what will spoil the training.")(_check)


_HELP = """Find what will spoil the training, before the training.

PATH is a folder in any format that dataforge reads, a COCO file, or a training config (.py).
Nothing is changed in it but by --fix. `dataforge explain` lists all codes and their groups.

A dataforge.toml in the folder, or above the working directory, may say: [check] select = ["boxes"],
ignore = [{ code = "zero-area", reason = "why" }], per-file = [{ files = "old/*", code = "boxes",
reason = "why" }].
"""


def _check(
    path: str = typer.Argument(..., metavar="PATH", help="Folder, COCO file or config."),
    form: str = typer.Option("text", "--format", help=f"One of: {', '.join(FORMS)}."),
    select: Optional[list[str]] = typer.Option(
        None, metavar="A,B", help="These codes or groups alone; again for more."
    ),
    ignore: Optional[list[str]] = typer.Option(
        None, metavar="A,B", help="Without these codes or groups; again for more."
    ),
    max_findings: int = typer.Option(
        MAX_FINDINGS, min=0, help="Findings of one code to show, 0 for all; the rest are counted."
    ),
    exit_zero: bool = typer.Option(False, "--exit-zero", help="Exit with 0 whatever is found."),
    no_images: bool = typer.Option(
        False, "--no-images", help="Open no image file but for a size that is stated nowhere else."
    ),
    no_pixels: bool = typer.Option(
        False,
        "--no-pixels",
        help="Read the headers of images, and decode none: truncated ones and near duplicates are "
        "not found.",
    ),
    fix: bool = typer.Option(
        False, "--fix", help="Mend what is safe to mend, in place, and report what is left."
    ),
    unsafe_fixes: bool = typer.Option(
        False, "--unsafe-fixes", help="With --fix or --diff: mend by dropping and cutting, too."
    ),
    diff: bool = typer.Option(False, "--diff", help="Show what --fix would change; write nothing."),
    out: Optional[str] = typer.Option(
        None, metavar="DIR", help="With --fix: a new folder for the mended dataset, images too."
    ),
    backup: Optional[str] = typer.Option(
        None,
        metavar="DIR",
        help=f"With --fix: a new folder for the files as they were. Default: PATH{BACKUP}.",
    ),
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
        pixels=not no_pixels,
        max_findings=max_findings,
        **class_options(labels, aliases, unknown, ignore_case, drop, merge),
    )
    _want_together(fix, diff, unsafe_fixes, out, backup)
    with ExitStack() as stack:
        with progress_bar("check") as progress:
            if fix or diff:
                planned = planned_fixes(path, options, unsafe=unsafe_fixes, progress=progress)
                plan = stack.enter_context(planned)
                report = plan.report
            else:
                report = check(path, options, progress)
        if diff:
            for line in plan.diff():
                show_as_it_is(line)
            warn(_mended(plan, "would change"))
            return
        if fix:
            kept = _write(plan, out, backup)
            (say if form == "text" else warn)(_mended(plan, "changed") + kept)
    for line in lines(report):
        say(line)
    raise typer.Exit(1 if report.failed and not exit_zero else 0)


def _want_together(
    fix: bool, diff: bool, unsafe: bool, out: str | None, backup: str | None
) -> None:
    """Refuse what would have no effect.

    Raises:
        UsageError: an option goes with another that is missing, or not with one that is there.
    """
    if unsafe and not (fix or diff):
        raise UsageError("--unsafe-fixes goes with --fix, or with --diff")
    for name, value in (("out", out), ("backup", backup)):
        if value is not None and (diff or not fix):
            raise UsageError(f"--{name} goes with --fix, and without --diff")
    if out is not None and backup is not None:
        raise UsageError("--backup means nothing with --out, which changes nothing in place")


def _write(plan: Plan, out: str | None, backup: str | None) -> str:
    """Write what is planned; where the files as they were are."""
    if out is not None:
        plan.copy(out)
        return f"; the mended dataset is {out}"
    kept = plan.apply(backup)
    return f"; the files as they were are in {kept}" if kept else ""


def _mended(plan: Plan, verb: str) -> str:
    if not plan.edits:
        return "nothing to mend"
    made = ", ".join(f"{code} {number:,}" for code, number in plan.edits.items())
    return f"{plural(len(plan.files), 'file')} {verb}: {made}"


def _names(said: list[str] | None) -> tuple[str, ...]:
    return tuple(comma_list(",".join(said or ())))
