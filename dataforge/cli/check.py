"""``dataforge check``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from dataforge.classes import comma_list
from dataforge.cli import options
from dataforge.cli.check_output import FORMS, print_report
from dataforge.cli.check_output import statistics as as_statistics
from dataforge.cli.command import OUTPUT, Argument, Bundle, Command, Option
from dataforge.cli.output import SHOWN_PER_CODE, say_lines, show_patch, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.cli.struct_options import format_options, given
from dataforge.errors import UsageError, plural
from dataforge.formats import formats
from dataforge.io import BACKUP, NamedFile, write_report
from dataforge.verbs.check import MAX_FINDINGS, CheckOptions, check
from dataforge.verbs.fix import FixPlan, planned_fixes

_HELP = """Find problems in a dataset or training config before training.

PATH is a folder in any supported format, a single annotation file (.json, .xml, or .txt for YOLO;
no other file is then read or changed), or a training config (.py). Nothing is changed unless --fix
is given. `dataforge explain` lists all codes and their groups.

A dataforge.toml in or above the working directory, outside PATH, may contain:

\b
  [check]
  select = ["boxes"]
  ignore = [{ code = "zero-area", reason = "why" }]
  per-file = [{ files = "old/*", code = "boxes", reason = "why" }]
"""

_FIXES = "Fixes"
_IMAGES = ("verify_images",)
"""Reader options that ``--no-images`` sets."""


def command() -> Command:
    """The command."""
    known = formats()
    chosen = [one for one in format_options(known.values()) if one.name not in _IMAGES]
    return Command(
        "check",
        _check,
        help=_HELP,
        params=[
            Argument("path", metavar="PATH", help="Folder, annotation file or config."),
            options.from_option(known),
            *_selecting(),
            Bundle("fixing", _fixing(), Fixing),
            options.layout_option(),
            options.follow_links_option(),
            options.classes(),
            Bundle("chosen", chosen, given),
            Bundle("output", _output(), CheckOutput),
            options.force_option(only_report=True),
            options.work(),
            options.cache(),
        ],
    )


def _selecting() -> list[Option]:
    return [
        Option(
            "--select",
            metavar="A,B",
            multiple=True,
            help="Report only these codes or groups; may be repeated.",
        ),
        Option(
            "--ignore",
            metavar="A,B",
            multiple=True,
            help="Do not report these codes or groups; may be repeated.",
        ),
        Option(
            "--settings",
            metavar="FILE",
            help="A dataforge.toml. [default: the nearest in or above the working directory that "
            "is not part of PATH]",
        ),
        Option(
            "--max-findings",
            type=int,
            least=0,
            help="Maximum findings to show per code, 0 for all; the rest are counted. "
            f"[default: {SHOWN_PER_CODE} as text, else {MAX_FINDINGS}]",
        ),
        Option(
            "--statistics",
            is_flag=True,
            default=False,
            help="Show the number of findings per code only.",
        ),
        Option(
            "--no-images",
            is_flag=True,
            default=False,
            help="Open image files only if their size is not stated elsewhere.",
        ),
        Option(
            "--no-pixels",
            is_flag=True,
            default=False,
            help="Read image headers only; truncated images and near duplicates are not detected.",
        ),
    ]


def _fixing() -> list[Option]:
    return [
        Option(
            "--fix",
            section=_FIXES,
            is_flag=True,
            default=False,
            help="Apply safe fixes in place, and report the remaining findings.",
        ),
        Option(
            "--unsafe-fixes",
            section=_FIXES,
            is_flag=True,
            default=False,
            help="With --fix or --diff: also apply fixes that drop or clip shapes.",
        ),
        Option(
            "--diff",
            section=_FIXES,
            is_flag=True,
            default=False,
            help="Show what --fix would change, without writing.",
        ),
        Option(
            "-o",
            "--output",
            "out",
            section=_FIXES,
            metavar="DIR",
            writes="output",
            help="With --fix: write the fixed dataset, with its images, to a new folder.",
        ),
        Option(
            "--backup",
            section=_FIXES,
            metavar="DIR",
            writes="output",
            help=f"With --fix: a new folder for the original files. [default: PATH{BACKUP}]",
        ),
    ]


def _output() -> list[Option]:
    form = Option(
        "--output-format",
        "form",
        section=OUTPUT,
        choices=["text", *FORMS],
        help="Format of the report. [default: text]",
    )
    json, *others = options.output().options
    json.help = "The same as --output-format json."
    return [form, json, *others]


class Fixing:
    """The options for fixes.

    Raises:
        UsageError: an option requires another that is missing, or excludes one that is given.
    """

    def __init__(
        self, fix: bool, unsafe_fixes: bool, diff: bool, out: str | None, backup: str | None
    ) -> None:
        self.fix = fix
        self.unsafe = unsafe_fixes
        self.diff = diff
        self.out = out
        self.backup = backup
        if unsafe_fixes and not (fix or diff):
            raise UsageError("--unsafe-fixes requires --fix or --diff")
        for name, value in (("output", out), ("backup", backup)):
            if value is not None and (diff or not fix):
                raise UsageError(f"--{name} requires --fix, without --diff")
        if out is not None and backup is not None:
            raise UsageError("--backup has no effect with --output, which changes nothing in place")


class CheckOutput:
    """The output options of the check.

    Raises:
        UsageError: two output formats are given.
    """

    def __init__(
        self, form: str | None, json: bool, report: NamedFile | None, exit_zero: bool
    ) -> None:
        if json and form not in (None, "json"):
            raise UsageError(f"--json and --output-format {form}: choose one")
        self.form = "json" if json else form or "text"
        self.report = report
        self.exit_zero = exit_zero


def _check(
    path: str,
    select: Sequence[str],
    ignore: Sequence[str],
    max_findings: int | None,
    statistics: bool,
    no_images: bool,
    no_pixels: bool,
    fixing: Fixing,
    classes: dict[str, Any],
    chosen: dict[str, Any],
    work: dict[str, Any],
    output: CheckOutput,
    **more: Any,
) -> int:
    if fixing.diff and (output.form != "text" or output.report):
        raise UsageError("--diff prints a patch; --json, --output-format and --report do not apply")
    if statistics and (output.form != "text" or fixing.diff):
        raise UsageError("--statistics is text; --json, --output-format and --diff do not apply")
    if more["cache"] and (fixing.fix or fixing.diff):
        raise UsageError("--cache has no effect with --fix and --diff, which need all texts")
    check_options = CheckOptions(
        reads=more.pop("from_"),
        read_options=chosen,
        select=_names(select),
        ignore=_names(ignore),
        images=not no_images,
        pixels=not no_pixels,
        max_findings=MAX_FINDINGS if max_findings is None else max_findings,
        **classes,
        **work,
        **more,
    )
    with ExitStack() as stack:
        with progress_bar("check") as progress:
            if fixing.fix or fixing.diff:
                planned = planned_fixes(
                    path, check_options, unsafe=fixing.unsafe, progress=progress
                )
                plan = stack.enter_context(planned)
                report = plan.report
            else:
                report = check(path, check_options, progress)
        if fixing.diff:
            for name in plan.files:
                show_patch(name, [*plan.diff(name)])
            warn(_fixed(plan, "would fix"))
            return 1 if plan.files and not output.exit_zero else 0
        if fixing.fix:
            kept = _write(plan, fixing)
            (tell if output.form == "text" else warn)(_fixed(plan, "fixed") + kept)
    if statistics:
        say_lines(as_statistics(report), wrap=True)
    else:
        print_report(report, output.form, SHOWN_PER_CODE if max_findings is None else 0)
    if output.report:
        write_report(output.report, report)
    return 1 if report.failed and not output.exit_zero else 0


def _write(plan: FixPlan, fixing: Fixing) -> str:
    """Write the planned fixes; returns a note on where the original files are."""
    if fixing.out is not None:
        plan.copy(fixing.out)
        return f"; the fixed dataset is in {fixing.out}"
    kept = plan.apply(fixing.backup)
    return f"; the original files are in {kept}" if kept else ""


def _fixed(plan: FixPlan, verb: str) -> str:
    """``fixed 3 findings in 2 files: zero-area 2, crowd 1``."""
    if not plan.fixed:
        return "nothing to fix"
    total = plural(sum(plan.fixed.values()), "finding")
    made = ", ".join(f"{code} {number:,}" for code, number in plan.fixed.items())
    return f"{verb} {total} in {plural(len(plan.files), 'file')}: {made}"


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(comma_list(",".join(values)))
