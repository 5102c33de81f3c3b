"""``dataforge convert``."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, get_args

import click

from dataforge.cli import options
from dataforge.cli.command import Argument, Bundle, Command, Option, given_options
from dataforge.cli.how_to_list import Check, show_how_to_list
from dataforge.cli.output import (
    Output,
    say,
    show_counts,
    show_findings,
    tell,
)
from dataforge.cli.progress import progress_bar
from dataforge.cli.struct_options import fields_of, format_options, given
from dataforge.converters import CONVERTERS, Between
from dataforge.datasets import FormatFound, ImageMode, KeepingRoot, guess_formats, output_file
from dataforge.errors import UsageError, plural
from dataforge.formats import Reader, Writer, formats, get_format
from dataforge.io import Root, is_url
from dataforge.verbs.convert import Job, Report
from dataforge.verbs.convert import convert as run
from dataforge.verbs.watch import Update
from dataforge.verbs.watch import watch as keep_current

_SHOWN = 3  # new findings of an update

_HELP = """Convert a dataset from one format to another.

\b
  dataforge convert labelme2coco labels/ coco/
  dataforge convert labels/ coco/ --to coco

CONVERTER is {converters}.

SRC is a folder, which is searched recursively, or a single annotation file. Files that cannot be
read are reported, and the others are converted. OUT is a folder, or a single .json file for COCO;
it is written completely or not at all. Both may be URLs, such as s3://bucket/folder.
"""


def command() -> Command:
    """The command."""
    known = formats()
    written = [name for name, one in known.items() if one.writer]
    return Command(
        "convert",
        _convert,
        help=_HELP.format(converters=CONVERTERS.choices()),
        params=[
            Argument(
                "what",
                nargs=-1,
                metavar="[CONVERTER] SRC OUT",
                writes="url",
                help="Converter, such as labelme2coco (not with --to), source and output.",
            ),
            Option(
                "--to",
                metavar="FORMAT",
                choices=written,
                look_up=get_format,
                help=f"Format to write, if no CONVERTER is named: {', '.join(written)}.",
            ),
            options.from_option(known),
            *_image_options(),
            options.layout_option(),
            options.follow_links_option(),
            options.classes(),
            options.split(),
            Bundle("chosen", format_options(known.values(), writes=True), given),
            options.output(),
            options.force_option("existing files"),
            options.work(),
            options.cache(),
        ],
    )


def _image_options() -> list[Option]:
    return [
        Option(
            "--image-mode",
            choices=get_args(ImageMode),
            help="Handling of images: reference leaves them in place, the others put them where "
            "the format expects them. [default: reference for coco, else copy]",
        ),
        Option(
            "--watch",
            is_flag=True,
            default=False,
            help="Convert again whenever something has changed, until Ctrl-C; implies --cache.",
        ),
        Option("--clip", is_flag=True, default=False, help="Clip boxes and outlines to the image."),
        Option(
            "--drop-empty",
            is_flag=True,
            default=False,
            help="Leave out images without annotations.",
        ),
    ]


def _convert(
    what: Sequence[str],
    to: str | None,
    from_: str | None,
    classes: dict[str, Any],
    split: dict[str, Any],
    chosen: dict[str, Any],
    work: dict[str, Any],
    output: Output,
    follow_links: bool,
    watch: bool,
    **more: Any,
) -> int:
    if watch and (output.json or output.report):
        raise UsageError("--watch prints a line for each update; --json and --report do not apply")
    converter, src, out, root, others = _understood(what, to, from_, follow_links=follow_links)
    between = CONVERTERS[converter]
    if not isinstance(between, Between):  # from another package, with its own options
        return _run_other(between, converter, src, out)
    read_options, write_options = routed(chosen, converter, between)
    job = Job(
        source=src,
        out=out,
        reads=between.reads,
        writes=between.writes,
        read_options=read_options,
        write_options=write_options,
        follow_links=follow_links,
        **classes,
        **split,
        **work,
        **more,
    )
    if root is None and is_url(src):
        root = KeepingRoot(src, follow_links=follow_links)  # listed once
    if watch:
        return _watch(job, converter, others)
    with progress_bar(converter) as progress:
        report = run(job, progress, root, others)
    return output.give(report, lambda report: show_report(report, job, root), failed=report.failed)


def _watch(job: Job, name: str, others: list[FormatFound]) -> int:
    """Convert until Ctrl-C; the exit code is 0, whatever was found."""
    with progress_bar(name) as progress:
        updates = keep_current(job, progress, others)
        first = next(updates).report
    if first is not None:
        show_report(first, job)
    tell(f"watching {job.source}; Ctrl-C ends it")
    for update in updates:
        say(f"{time.strftime('%H:%M:%S')} {_described(update)}")
    tell(f"stopped; {job.out} is as of the last line")
    return 0


def _described(update: Update) -> str:
    """An update in a line: why, what there is now, and what is new."""
    kinds = {"added": update.added, "changed": update.changed, "removed": update.removed}
    why = ", ".join(f"{_files(paths)} {kind}" for kind, paths in kinds.items() if paths)
    report = update.report
    if report is None:
        return f"{why}: not updated: {'; '.join(update.error.splitlines())}"
    line = (
        f"{why}: {plural(sum(report.images.values()), 'image')}, {plural(report.shapes, 'shape')}"
    )
    if update.gone:
        line += f"; {plural(update.gone, 'finding')} gone"
    if update.new:
        shown = "; ".join(f"{one.severity} {one.code} {one}" for one in update.new[:_SHOWN])
        more = len(update.new) - _SHOWN
        line += f"; new: {shown}" + (f"; and {more} more" if more > 0 else "")
    return line


def _files(paths: Sequence[str]) -> str:
    """A file by its name, or their number."""
    return os.path.basename(paths[0]) if len(paths) == 1 else plural(len(paths), "file")


def _understood(
    what: Sequence[str], to: str | None, from_: str | None, *, follow_links: bool
) -> tuple[str, str, str, Root | None, list[FormatFound]]:
    """(converter, SRC, OUT) from the arguments.

    If SRC's format was recognised, also its root, and the other formats in it.

    Raises:
        UsageError: there are too many or too few arguments, or no such converter.
    """
    root = None
    others: list[FormatFound] = []
    if to is not None:
        if len(what) != 2:
            raise UsageError(f"--to {to} requires SRC and OUT, got {' '.join(what) or 'neither'}")
        src, out = what
        if from_ is None:
            root = KeepingRoot(src, follow_links=follow_links)
            from_, others, _ = guess_formats(root)
        if from_ == to:
            hint = "`dataforge coco` works on COCO files" if to == "coco" else "name another --to"
            raise UsageError(f"{src}: is {to} already; {hint}")
        converter = f"{from_}2{to}"
    elif len(what) == 2 and what[0] not in CONVERTERS:
        raise UsageError("missing --to FORMAT, or a converter such as labelme2coco in front")
    elif len(what) != 3:
        names = ("CONVERTER", "SRC", "OUT")
        missing = f"missing argument {names[len(what)]}" if len(what) < 3 else ""
        raise UsageError(missing or f"unexpected argument {what[3]}")
    else:
        converter, src, out = what
        if from_ is not None:
            raise UsageError(f"--from has no effect for {converter}")
    if converter not in CONVERTERS:
        raise CONVERTERS.unknown(converter)
    return converter, src, out, root, others


def _run_other(between: Any, converter: str, src: str, out: str) -> int:
    """Run a converter from another package.

    Raises:
        UsageError: an option was given.
    """
    for option in given_options(click.get_current_context()):
        if option not in ("--from", "--to"):
            raise UsageError(f"{option} has no effect for {converter}")
    between(source=src, out=out)()
    return 0


def routed(
    chosen: dict[str, Any], converter: str, between: Between
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options of the reader, options of the writer); each option is passed where it is defined.

    Raises:
        UsageError: an option has no effect.
    """
    read = _names(get_format(between.reads).reader)
    written = _names(get_format(between.writes).writer)
    for name, value in chosen.items():
        if name not in read | written:
            flag = f"--{'no-' if value is False else ''}{name.replace('_', '-')}"
            raise UsageError(f"{flag} has no effect for {converter}")
    return (
        {name: value for name, value in chosen.items() if name in read},
        {name: value for name, value in chosen.items() if name in written},
    )


def _names(side: Reader[Any] | Writer[Any] | None) -> set[str]:
    return {field.name for field in fields_of(side.Options)} if side else set()


def show_report(report: Report, job: Job | None = None, root: Root | None = None) -> None:
    """Print a summary of the conversion: counts by class and split, then the findings.

    Args:
        report: of the conversion.
        job: what was done, if its source is the user's.
        root: the source, if it has been listed.
    """
    instances = sum(sum(counts.values()) for counts in report.instances.values())
    empty = (
        f", {plural(report.empty_images, 'image')} without annotations"
        if report.empty_images
        else ""
    )
    shapes = f"{plural(report.shapes, 'shape')} as {plural(instances, 'instance')}"
    tell(f"{plural(sum(report.images.values()), 'image')}, {shapes}{empty}")
    show_counts(report.classes, report.images, report.instances)
    show_findings(report.findings)
    if job:
        check = Check(
            job.source, job.reads, job.layout, job.read_options, follow_links=job.follow_links
        )
        show_how_to_list(report.findings, check, report.images, root)
    if report.lost:
        total = sum(report.lost.values())
        parts = ", ".join(f"{number:,} {code}" for code, number in sorted(report.lost.items()))
        tell(f"{plural(total, 'shape')} left out: {parts}")
    for line in _written(report.files):
        tell(f"wrote {output_file(report.out, line)}")


def _written(files: list[str]) -> list[str]:
    """The written files, grouped by folder with a count if a folder has many."""
    folders = Counter(file.rpartition("/")[0] for file in files)
    lines = []
    for file in files:
        folder = file.rpartition("/")[0]
        lines.append(file if folders[folder] <= 5 else f"{folder}/ ({folders[folder]:,} files)")
    return list(dict.fromkeys(lines))
