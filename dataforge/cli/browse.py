"""``dataforge browse``."""

from __future__ import annotations

import os
import re
import webbrowser
from pathlib import Path
from typing import Any

from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Bundle, Command, Option
from dataforge.cli.output import Output, say, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.cli.struct_options import format_options, given
from dataforge.errors import plural
from dataforge.formats import formats
from dataforge.verbs.browse import MOST, BrowseOptions, BrowseReport, browse
from dataforge.verbs.check import CheckOptions

_HELP = """Make a page that shows a dataset: images, objects, findings.

PATH is a folder in any supported format, or a single annotation file. The page opens from disk,
without a server or network, and shows the images where they are; with --embed it contains scaled
copies, and can be moved. Of a training config (.py) it shows the images as they are trained on:
after filters and pipeline, before normalisation.
"""


def command() -> Command:
    """The command."""
    known = formats()
    chosen = [one for one in format_options(known.values()) if one.name != "verify_images"]
    return Command(
        "browse",
        _browse,
        help=_HELP,
        params=[
            Argument("path", metavar="PATH", help="Folder, annotation file or config."),
            Option(
                "--compare",
                metavar="OTHER",
                help="Another version of the dataset, such as before a conversion or a fix; shown "
                "side by side. Its format is recognised.",
            ),
            Option(
                "--results",
                metavar="FILE",
                help="COCO results: predictions, shown over the objects from a score on.",
            ),
            Option(
                "--ground-truth",
                metavar="FILE",
                help="COCO file that the results are of, if it is not the dataset's only one.",
            ),
            Option(
                "--embed",
                is_flag=True,
                default=False,
                help="Put copies of the images, of at most 2048 pixels, into the page.",
            ),
            Option(
                "--most",
                type=int,
                least=1,
                default=MOST,
                show_default=True,
                help="Of a training config: the first images of each training set to show.",
            ),
            Option(
                "--no-pixels",
                is_flag=True,
                default=False,
                help="Do not search for near duplicates and truncated images.",
            ),
            options.from_option(known),
            options.layout_option(),
            options.follow_links_option(),
            Bundle("chosen", chosen, given),
            options.output_option(
                "Folder of the page. [default: NAME-browse in the working directory]", "DIR"
            ),
            Option(
                "--open",
                "open_",
                section=OUTPUT,
                is_flag=True,
                default=False,
                help="Open the page in a browser.",
            ),
            options.output(),
            options.force_option("an earlier page, and the file of --report"),
            options.work(),
        ],
    )


def _browse(
    path: str,
    compare: str | None,
    results: str | None,
    ground_truth: str | None,
    embed: bool,
    most: int,
    no_pixels: bool,
    out: str | None,
    open_: bool,
    force: bool,
    output: Output,
    chosen: dict[str, Any],
    work: dict[str, Any],
    from_: str | None,
    **more: Any,
) -> int:
    check = CheckOptions(reads=from_, read_options=chosen, pixels=not no_pixels, **work, **more)
    job = BrowseOptions(
        check=check,
        compare=compare,
        embed=embed,
        force=force,
        most=most,
        results=results,
        ground_truth=ground_truth,
    )
    with progress_bar("browse") as progress:
        report = browse(path, out or default_folder(path), job, progress)
    code = output.give(report, show, failed=report.failed)
    if open_:
        show_in_browser(Path(report.page))
    return code


def default_folder(path: str) -> str:
    """The folder of a page that is not named."""
    name = os.path.basename(os.path.abspath(path) if "://" not in path else path.rstrip("/"))
    name = re.sub(r"\.(json|py|txt|xml)$", "", name, flags=re.IGNORECASE)
    return f"{name or 'dataset'}-browse"


def show_in_browser(page: Path) -> None:
    """Open a page in the user's browser; a note if there is none."""
    try:
        opened = webbrowser.open(page.absolute().as_uri())
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        warn(f"no browser could be started: open {page} yourself")


def show(report: BrowseReport) -> None:
    """Print what the page shows."""
    tell(f"{report.path}: {_content(report)}")
    other = report.compared
    if other is not None:
        tell(f"{other.path}: {_content(other)}")
        tell(f"objects differ in {plural(report.differing, 'image')}")
    if report.predictions or report.notes:
        tell(plural(report.predictions, "prediction"))
    for note in report.notes:
        say(f"note: {note}")
    if report.without_picture:
        tell(f"{plural(report.without_picture, 'image')} cannot be shown{_remedy(report.format)}")
    tell(f"wrote {report.page}")


def _remedy(format_: str) -> str:
    """How images that are elsewhere are found, if the format has an option for it."""
    one = formats().get(format_)
    if one is None or not any(option.name == "image_dir" for option in format_options([one])):
        return ""
    return "; if they are elsewhere, name their folder with --image-dir DIR"


def _content(report: BrowseReport) -> str:
    counts: dict[str, int] = {}
    for severities in report.counts.values():
        for severity, number in severities.items():
            counts[severity] = counts.get(severity, 0) + number
    parts = [
        plural(report.images, "image"),
        plural(report.objects, "object"),
        plural(len(report.classes), "class"),
        *(plural(counts[one], one) for one in ("error", "warning", "note") if one in counts),
    ]
    return f"{report.format}, {', '.join(parts)}"
