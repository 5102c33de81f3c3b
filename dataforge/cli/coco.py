"""``dataforge coco merge``, ``filter`` and ``subset``."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from dataforge import coco_tools
from dataforge.cli.convert import show_report
from dataforge.cli.output import say
from dataforge.convert import Report, save_report

_OUT = typer.Argument(..., metavar="OUT", help="COCO file to write.")
_FORCE = typer.Option(False, "--force", help="Overwrite OUT.")
_REPORT = typer.Option(None, help="Write what was done and found, as JSON.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    tools = typer.Typer(
        help="Merge, filter or cut COCO files; unknown keys are kept, ids are given anew.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    tools.command("merge", help="Write one COCO file of several, categories united by name.")(
        _merge
    )
    tools.command("filter", help="Write the annotations of a COCO file that are asked for.")(
        _filter
    )
    tools.command("subset", help="Write some images of a COCO file and what is marked in them.")(
        _subset
    )
    app.add_typer(tools, name="coco", short_help="Merge, filter or cut COCO files.")


def _merge(
    files: list[str] = typer.Argument(..., metavar="FILE...", help="COCO files to read."),
    out: str = _OUT,
    report: Optional[Path] = _REPORT,
    force: bool = _FORCE,
) -> None:
    _done(coco_tools.merge(files, out, force=force), report)


def _filter(
    src: str = typer.Argument(..., metavar="SRC", help="COCO file to read."),
    out: str = _OUT,
    classes: Optional[str] = typer.Option(None, help="Names to keep, such as cat,dog."),
    min_area: float = typer.Option(0.0, help="Smallest area to keep, square pixels."),
    max_area: float = typer.Option(float("inf"), help="Largest area to keep, square pixels."),
    drop_crowd: bool = typer.Option(False, "--drop-crowd", help="Leave out crowds."),
    drop_empty: bool = typer.Option(
        False, "--drop-empty", help="Leave out images in which nothing is marked then."
    ),
    report: Optional[Path] = _REPORT,
    force: bool = _FORCE,
) -> None:
    wanted = coco_tools.Filter(
        classes=tuple(name.strip() for name in classes.split(",")) if classes else None,
        min_area=min_area,
        max_area=max_area,
        drop_crowd=drop_crowd,
        drop_empty=drop_empty,
    )
    _done(coco_tools.filter_file(src, out, wanted, force=force), report)


def _subset(
    src: str = typer.Argument(..., metavar="SRC", help="COCO file to read."),
    out: str = _OUT,
    images: Optional[int] = typer.Option(None, help="So many images, drawn by name and seed."),
    seed: int = typer.Option(0, help="Of the draw."),
    listed: Optional[Path] = typer.Option(
        None, "--list", help="File that names the images, a line each."
    ),
    report: Optional[Path] = _REPORT,
    force: bool = _FORCE,
) -> None:
    result = coco_tools.subset(src, out, images=images, seed=seed, listed=listed, force=force)
    _done(result, report)


def _done(result: Report, report: Path | None) -> None:
    show_report(result)
    if report:
        save_report(result, report)
        say(f"report: {report}")
    raise typer.Exit(1 if result.failed else 0)
