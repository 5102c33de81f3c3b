"""``dataforge inspect``."""

from __future__ import annotations

from typing import Any

from dataforge.cli import options
from dataforge.cli.command import Argument, Command, Option
from dataforge.cli.output import Output, show_counts, show_findings, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.engines import get_engine
from dataforge.errors import OutputError, UsageError, plural
from dataforge.io import NamedFile, write_text
from dataforge.layouts import to_toml
from dataforge.verbs.inspect import Inspection, Part, inspect

_SHOWN_FOLDERS = 12

_HELP = """Show what a folder contains: formats, layout, splits, classes, oddities, next steps.

PATH is a folder or a single annotation file. Nothing is changed. --save writes the detected layout,
for --layout of convert, check and register.
"""


def command() -> Command:
    """The command."""
    return Command(
        "inspect",
        _inspect,
        help=_HELP,
        params=[
            Argument("path", metavar="PATH", help="Folder or annotation file."),
            options.follow_links_option(),
            Option(
                "--save",
                metavar="FILE",
                type=options.FILE,
                writes="layout",
                help="Write the layout as TOML.",
            ),
            options.output(),
            options.force_option("the files of --save and --report", only_report=True),
            options.work(),
        ],
    )


def _inspect(
    path: str, save: NamedFile | None, output: Output, follow_links: bool, work: dict[str, Any]
) -> int:
    engine = get_engine(work["engine"], work["workers"], work["engine_options"])
    with progress_bar("inspect") as progress:
        found = inspect(
            path,
            str(save) if save else None,
            follow_links=follow_links,
            engine=engine,
            progress=progress,
        )
    code = output.give(found, show, failed=found.failed)
    if save:
        _save(found, save)
        if not output.json:
            tell(f"wrote {save}")
    if not found.usable:
        for need in found.needs:
            warn(f"error: {need}")
        return 3
    return code


def _save(found: Inspection, path: NamedFile) -> None:
    if found.layout is None:
        names = ", ".join(part.format for part in found.parts) or "nothing"
        raise UsageError(f"--save {path}: found {names}, and only voc and coco have a layout")
    try:
        write_text(path, to_toml(found.layout))
    except UnicodeEncodeError as error:
        raise OutputError(f"{path}: the name of a folder is not UTF-8; rename it") from error


def show(found: Inspection) -> None:
    """Print the inspection as text."""
    tell(f"{found.root}: {plural(found.files, 'file')}")
    folders = list(found.folders.items())
    for folder, kinds in folders[:_SHOWN_FOLDERS]:
        counts = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
        tell(f"  {'' if folder == '.' else folder}/  {counts}")
    if len(folders) > _SHOWN_FOLDERS:
        tell(f"  ... and {plural(len(folders) - _SHOWN_FOLDERS, 'folder')} more")
    if found.images:
        images = (f"{number:,} {kind}" for kind, number in found.images.items())
        tell(f"images: {', '.join(images)}")
    for part in found.parts:
        _show_part(part)
    for other in found.foreign if found.usable else ():
        tell(f"also: {other}")
    for predictions in found.predictions if found.usable or found.parts else ():
        tell(f"predictions: {predictions}")
    show_findings(found.findings)
    commands = [
        command
        for part in found.parts
        for command in part.commands or [part.no_commands]
        if command
    ]
    commands += [command for one in found.predictions for command in one.commands]
    for number, command in enumerate(commands):
        tell(f"{'     ' if number else 'next:'} {command}")


def _show_part(part: Part) -> None:
    tell(f"{part.format}: {part.evidence}")
    if part.needs:
        tell(f"  cannot be read as it is: {part.needs}")
        return
    for reason in part.reasons:
        tell(f"  {reason}")
    if part.coords:
        tell(f"  coords {part.coords}")
    instances = {
        split: {name: counts.get(split, 0) for name, counts in part.classes.items()}
        for split in part.splits
    }
    show_counts(part.classes, part.splits, instances)
