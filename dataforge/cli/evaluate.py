"""``dataforge evaluate``."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

from dataforge.cli import options
from dataforge.cli.browse import show_in_browser
from dataforge.cli.command import OUTPUT, Argument, Command, Option
from dataforge.cli.output import Output, say, show_table, table, tell, warn
from dataforge.cli.progress import progress_bar
from dataforge.errors import UsageError, plural
from dataforge.io import NamedFile
from dataforge.shell import UNPRINTABLE, command_line
from dataforge.verbs.evaluate import (
    KINDS,
    Device,
    EvaluateOptions,
    Evaluation,
    Split,
    evaluate_config,
    evaluate_results,
)

_HELP = """Evaluate a detector: AP by class and size, curves, confusion, and what mistakes cost.

\b
  dataforge evaluate CONFIG CHECKPOINT
  dataforge evaluate --annotations instances.json results.json

CONFIG is a training config of mmdetection 2.x or 3.x, or the train.py that `register` generates for
torchvision; CHECKPOINT is run on the images of a split. Or results.json are detections as COCO
lists them. AP is pycocotools'; kinds of mistakes and their costs are TIDE's (arXiv 2008.08115). The
page shows the costliest mistakes, and images with what is there beside what was found; it opens
from disk.
"""


def command() -> Command:
    """The command."""
    return Command(
        "evaluate",
        _evaluate,
        help=_HELP,
        params=[
            Argument(
                "files",
                nargs=-1,
                required=True,
                metavar="CONFIG CHECKPOINT | RESULTS",
                help="Config and checkpoint; with --annotations, results.",
            ),
            *_what(),
            options.device_option(get_args(Device), "run the detector"),
            options.output_option(
                "Folder of the page. [default: NAME-evaluation in the working directory]", "DIR"
            ),
            Option(
                "--results-out",
                section=OUTPUT,
                metavar="FILE",
                type=options.FILE,
                writes="layout",
                help="Write the detections as COCO results.",
            ),
            Option(
                "--open",
                "open_",
                section=OUTPUT,
                is_flag=True,
                default=False,
                help="Open the page in a browser.",
            ),
            options.output(exit_zero=False),
            options.force_option("an earlier page, and the files of --results-out and --report"),
        ],
    )


def _what() -> list[Option]:
    """What is compared, and what of it is shown."""
    return [
        Option(
            "--annotations",
            metavar="FILE",
            help="COCO annotations that the results are of.",
        ),
        Option(
            "--images",
            type=options.FILE,
            metavar="DIR",
            help="Folder of the images. [default: looked for beside the annotations]",
        ),
        Option(
            "--split",
            choices=get_args(Split),
            help="Split of the config. [default: test, else val]",
        ),
        Option(
            "--masks",
            is_flag=True,
            default=False,
            help="Compare masks instead of boxes.",
        ),
        Option(
            "--score",
            type=float,
            help="Least score of the detections in the confusion matrix. [default: where F1 "
            "is best]",
        ),
        Option(
            "--most",
            type=int,
            least=0,
            default=100,
            show_default=True,
            help="Images on the page: those with the costliest mistakes.",
        ),
    ]


def _evaluate(
    files: tuple[str, ...],
    annotations: str | None,
    split: Split | None,
    device: Device,
    out: str | None,
    results_out: NamedFile | None,
    open_: bool,
    output: Output,
    **more: Any,
) -> int:
    _refuse(files, annotations, split, device, more)
    named = Path(files[0])
    named = named.resolve().parent if named.name == "train.py" else named
    page = Path(out) if out else Path(f"{_stem(named)}-evaluation")
    listed = results_out.path if results_out else None
    job = EvaluateOptions(out=page, results_out=listed, **more)
    if annotations is not None:
        with progress_bar("evaluate") as progress:
            report = evaluate_results(annotations, files[0], job, progress)
    else:
        log = warn if output.json else partial(tell, wrap=True)
        config, checkpoint = map(Path, files)
        report = evaluate_config(config, checkpoint, job, split=split, device=device, log=log)
    output.give(report, _show)
    if open_:
        show_in_browser(Path(report.page))
    return 0


def _refuse(
    files: Sequence[str],
    annotations: str | None,
    split: str | None,
    device: str,
    more: dict[str, Any],
) -> None:
    if annotations is not None:
        if len(files) != 1:
            raise UsageError("with --annotations there is one file of results")
        if split is not None:
            raise UsageError("--split is of a config; --annotations are of one split already")
        if device != "auto":
            raise UsageError("--device is of a config; results are compared on the CPU")
        return
    if len(files) != 2:
        raise UsageError("name CONFIG and CHECKPOINT, or --annotations FILE and results")
    if Path(files[0]).suffix == ".json":
        line = command_line("dataforge", "evaluate", "--annotations", *files) or UNPRINTABLE
        raise UsageError(
            f"{files[0]}: is no config; name annotations with --annotations:\n  {line}"
        )
    if more["images"] is not None:
        raise UsageError("--images is for --annotations; a config says where its images are")


def _stem(path: Path) -> str:
    return re.sub(r"\.(json|py)$", "", path.name, flags=re.IGNORECASE) or "results"


def _show(report: Evaluation) -> None:
    """Print the numbers; with --quiet only what was left out."""
    what = f"{plural(report.images, 'image')}, {plural(report.objects, 'object')}"
    tell(f"{what}, {plural(report.detections, 'detection')}; by {report.compared}")
    for note in report.notes:
        say(f"note: {note}", wrap=True)
    head, rows = report.table()
    names = [_COLUMNS.get(name, name) for name in head]
    show_table([names, *([_cell(value) for value in row] for row in rows)])
    tell()
    tell("mistakes, and how much higher AP50 would be without them:", wrap=True)
    kinds = [[kind, f"{one.count:,}", f"{one.cost:.3f}"] for kind, one in report.kinds.items()]
    lines = table([["kind", "number", "cost"], *kinds])
    for line, about in zip(lines, ["", *map(KINDS.__getitem__, report.kinds)], strict=True):
        tell(_beside(line, about))
    for path in (report.results, report.page):
        if path:
            tell(f"wrote {path}")


def _beside(line: str, text: str) -> str:
    """A line with a text behind it, in a column of its own."""
    room = shutil.get_terminal_size().columns - len(line) - 3
    words = textwrap.wrap(text, max(room, 20))
    return f"{line}  " + f"\n{'':{len(line) + 2}}".join(words) if words else line


_COLUMNS = {
    "ap": "AP", "ap50": "AP50", "ap75": "AP75", "ap_small": "small", "ap_medium": "medium",
    "ap_large": "large", "ar": "recall",
}  # fmt: skip


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
