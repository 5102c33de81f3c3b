"""``dataforge view``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataforge.classes import comma_list
from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Bundle, Command, Option
from dataforge.cli.output import Output, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.cli.struct_options import format_options, given
from dataforge.drawing import fonts_to_install
from dataforge.errors import plural
from dataforge.formats import formats
from dataforge.verbs.view import ENDINGS, ViewOptions, ViewReport, view

_HELP = """Draw images of a dataset with what is marked on them: a contact sheet.

\b
  dataforge view data
  dataforge view data 0001.jpg 0007.jpg
  dataforge view data --class person --code zero-area -o zero.png

PATH is a folder in any supported format, or a single annotation file. IMAGE is a name, the end of a
path, or a pattern in quotes. With --code, images that `dataforge check` finds it in are shown, and
the objects that it is about are lit. Of more images than --images, an even part is shown.
"""

_UNUSED = ("extract_images", "verify_images")


def command() -> Command:
    """The command."""
    known = formats()
    chosen = [one for one in format_options(known.values()) if one.name not in _UNUSED]
    return Command(
        "view",
        _view,
        help=_HELP,
        params=[
            Argument("path", metavar="PATH", help="Folder or annotation file."),
            Argument("names", nargs=-1, metavar="[IMAGE...]", help="Images of it. [default: all]"),
            *_what(),
            options.from_option(known),
            options.layout_option(),
            options.follow_links_option(),
            Bundle("chosen", chosen, given),
            Option(
                "-o",
                "--output",
                "out",
                section=OUTPUT,
                type=options.FILE,
                metavar="FILE",
                default=Path("sheet.png"),
                show_default=True,
                writes="output",
                help=f"The sheet ({', '.join(ENDINGS)}).",
            ),
            options.output(exit_zero=False),
            options.force_option("the files of --output and --report"),
            options.work(),
        ],
    )


def _what() -> list[Option]:
    """What is shown."""
    return [
        Option(
            "--class",
            "classes",
            metavar="A,B",
            multiple=True,
            help="Only images with one of these classes; may be repeated.",
        ),
        Option("--code", metavar="CODE", help="Only images that `check` finds this in."),
        Option(
            "--images",
            "most",
            type=int,
            least=1,
            most=1000,
            default=24,
            show_default=True,
            help="Show so many images.",
        ),
        Option(
            "--columns",
            type=int,
            least=1,
            default=None,
            help="Images in a row. [default: for a sheet as high as it is wide]",
        ),
        Option(
            "--width",
            type=int,
            least=64,
            most=4000,
            default=320,
            show_default=True,
            help="Width of an image on the sheet, pixels.",
        ),
    ]


def _view(
    path: str,
    names: Sequence[str],
    classes: Sequence[str],
    code: str | None,
    columns: int | None,
    from_: str | None,
    chosen: dict[str, Any],
    out: Path,
    work: dict[str, Any],
    output: Output,
    force: bool,
    **more: Any,
) -> int:
    asked = ViewOptions(
        images=tuple(names),
        classes=tuple(comma_list(",".join(classes))),
        code=code,
        columns=columns or 0,
        reads=from_,
        read_options=chosen,
        **work,
        **more,
    )
    with progress_bar("view") as progress:
        report = view(path, out, asked, progress, force=force)
    code_ = output.give(report, show)
    if lacking := fonts_to_install([*report.classes, *report.images]):
        warn(f"note: {lacking}")
    return code_


def show(report: ViewReport) -> None:
    """Print what is on the sheet."""
    shown = plural(len(report.images), "image")
    of = f" of {report.fitting:,} that fit" if len(report.images) < report.fitting else ""
    tell(f"wrote {report.sheet}: {shown}{of}, {report.width}x{report.height} px")
