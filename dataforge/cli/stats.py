"""``dataforge stats``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Bundle, Command, Option
from dataforge.cli.output import Output, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.cli.stats_output import show
from dataforge.cli.struct_options import format_options, given
from dataforge.drawing import fonts_to_install
from dataforge.errors import plural
from dataforge.formats import formats
from dataforge.verbs.stats import Plots, StatsOptions, stats

_HELP = """Count and measure a dataset: classes, splits, sizes, shapes, positions; and advise.

PATH is a folder in any supported format, or a single annotation file. Objects are small, medium or
large as in COCO: by an area below 32x32, below 96x96, and from there on. Nothing is changed.
docs/stats.md says what each number is.
"""

_UNUSED = ("extract_images", "verify_images")


def command() -> Command:
    """The command."""
    known = formats()
    chosen = [one for one in format_options(known.values()) if one.name not in _UNUSED]
    return Command(
        "stats",
        _stats,
        help=_HELP,
        params=[
            Argument("path", metavar="PATH", help="Folder or annotation file."),
            options.from_option(known),
            options.layout_option(),
            options.follow_links_option(),
            Bundle("chosen", chosen, given),
            Option(
                "--plots",
                section=OUTPUT,
                type=options.FILE,
                metavar="DIR",
                writes="output",
                help="Draw charts (.png) into a folder; needs matplotlib.",
            ),
            options.output(),
            options.force_option("the charts and the file of --report"),
            options.work(),
        ],
    )


def _stats(
    path: str,
    from_: str | None,
    chosen: dict[str, Any],
    plots: Path | None,
    work: dict[str, Any],
    output: Output,
    force: bool,
    **more: Any,
) -> int:
    asked = StatsOptions(reads=from_, read_options=chosen, **work, **more)
    charts = Plots(plots, path, force=force) if plots is not None else None
    with progress_bar("stats") as progress:
        report = stats(path, asked, progress)
    drawn = charts.draw(report) if charts else []
    code = output.give(report, show, failed=report.failed)
    if drawn and not output.json:
        tell(f"wrote {plural(len(drawn), 'chart')} into {plots}, of most in one: {drawn[0].name}")
    if drawn and (lacking := fonts_to_install([*report.classes, *report.splits])):
        warn(f"note: {lacking}")
    return code
