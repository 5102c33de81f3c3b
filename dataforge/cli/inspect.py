"""``dataforge inspect``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import msgspec
import typer

from dataforge.cli.output import say, show_findings, table, warn
from dataforge.errors import OutputError, UsageError, plural
from dataforge.inspect import Inspection, Part, inspect
from dataforge.io import write_text
from dataforge.layouts import to_toml

_SHOWN_FOLDERS = 12


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect", help=_HELP, short_help="Say what a folder holds and what to do next.")(
        _inspect
    )


_HELP = """Say what a folder holds: formats, layout and why, splits, classes, oddities, next steps.

Nothing is changed in it. --save writes the layout that was found, for --layout of register and
convert.
"""


def _inspect(
    folder: str = typer.Argument(..., metavar="DIR", help="Folder of the dataset."),
    save: Optional[Path] = typer.Option(None, help="Write the layout, as TOML."),
    as_json: bool = typer.Option(False, "--json", help="Say it all as JSON."),
    force: bool = typer.Option(False, "--force", help="Overwrite the file of --save."),
) -> None:
    found = inspect(folder, str(save) if save else None)
    if as_json:
        # ASCII alone, so that names that are no UTF-8 and old terminals do no harm.
        say(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        show(found)
    if save:
        _save(found, save, force, quiet=as_json)
    if not found.usable:
        for need in found.needs or [part.needs for part in found.parts]:
            warn(f"error: {need}")
        raise typer.Exit(3)
    raise typer.Exit(1 if found.failed else 0)


def _save(found: Inspection, path: Path, force: bool, quiet: bool) -> None:
    if found.layout is None:
        names = ", ".join(part.format for part in found.parts) or "nothing"
        raise UsageError(f"--save {path}: {names} here, and only voc and coco have a layout")
    if path.exists() and not force:
        raise OutputError(f"{path} is there already; --force overwrites it")
    try:
        write_text(path, to_toml(found.layout))
    except UnicodeEncodeError as error:
        raise OutputError(f"{path}: a folder's name is not UTF-8: rename it") from error
    if not quiet:
        say(f"wrote {path}")


def show(found: Inspection) -> None:
    """All of it in words."""
    say(f"{found.root}: {plural(found.files, 'file')}")
    folders = list(found.folders.items())
    for folder, kinds in folders[:_SHOWN_FOLDERS]:
        said = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
        say(f"  {'' if folder == '.' else folder}/  {said}")
    if len(folders) > _SHOWN_FOLDERS:
        say(f"  ... and {plural(len(folders) - _SHOWN_FOLDERS, 'folder')} more")
    if found.images:
        images = (f"{number:,} {kind}" for kind, number in found.images.items())
        say(f"images: {', '.join(images)}")
    for part in found.parts:
        _show_part(part)
    show_findings(found.findings)
    commands = [command for part in found.parts for command in part.commands]
    for number, command in enumerate(commands):
        say(f"{'     ' if number else 'next:'} {command}")


def _show_part(part: Part) -> None:
    say(f"{part.format}: {part.evidence}")
    if part.needs:
        say(f"  cannot be read as it stands: {part.needs}")
        return
    for reason in part.reasons:
        say(f"  {reason}")
    if part.coords:
        say(f"  coords {part.coords}")
    splits = list(part.splits)
    rows = [["class", *splits]]
    for name, counts in part.classes.items():
        rows.append([name, *(f"{counts.get(split, 0):,}" for split in splits)])
    rows.append(["(images)", *(f"{part.splits[split]:,}" for split in splits)])
    for line in table(rows):
        say(line)
