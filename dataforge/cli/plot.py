"""``dataforge plot``."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import click
import msgspec

from dataforge.classes import comma_list
from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Command, Option
from dataforge.cli.output import Output, can_show, say_lines, table, tell, warn
from dataforge.cli.targets import PICTURES
from dataforge.errors import UsageError, plural
from dataforge.io import NamedFile
from dataforge.verbs.curves import (
    ASCII,
    BLOCKS,
    MOST_DRAWN,
    Axis,
    Curve,
    Log,
    choose,
    draw,
    read_log,
    smoothed,
    sparkline,
)

_HELP = """Show the curves of trainings: losses, also of validation, and AP.

\b
  dataforge plot work_dirs/run
  dataforge plot work_dirs/a work_dirs/b --keys loss loss_bbox --out curves.png

LOG is the log of a run, or its folder, of which the newest log is read: TIMESTAMP.log.json of
mmdetection 2, scalars.json of mmdetection 3, log.json of the train.py that `register` generates.
Metrics have one name in all of them: AP, AP50, mask AP. Without --out there is a table with a line
for each curve.
"""

_WIDTHS = (8, 48)
"""Characters of a line that shows a curve, at least and at most."""


class _Plot(Command):
    """Its --keys takes several words: all up to an option, or to a file or folder that exists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        joined: list[str] = []
        keys: list[str] | None = None
        for word in args:
            if keys and (word.startswith("-") or os.path.exists(word)):
                joined.append(",".join(keys))
                keys = None
            if keys is not None:
                keys.append(word)
                continue
            joined.append(word)
            keys = [] if word == "--keys" else None
        return super().parse_args(ctx, [*joined, *([",".join(keys)] if keys else [])])


def command() -> Command:
    """The command."""
    return _Plot(
        "plot",
        _plot,
        help=_HELP,
        params=[
            Argument(
                "logs",
                nargs=-1,
                required=True,
                type=options.FILE,
                metavar="LOG...",
                help="Logs, or folders of runs.",
            ),
            Option(
                "--keys",
                metavar="A B",
                help="What to show: loss, loss_bbox, lr, acc, AP50 ... [default: loss AP AP50]",
            ),
            Option(
                "--x",
                "axis",
                choices=get_args(Axis),
                help="Along what. [default: epochs if the logs have them]",
            ),
            Option(
                "--smooth",
                type=int,
                least=1,
                default=1,
                show_default=True,
                help="Show the mean of so many values in training.",
            ),
            Option(
                "-o",
                "--out",
                "--output",
                "out",
                section=OUTPUT,
                type=options.FILE,
                metavar="FILE",
                writes="picture",
                help="Draw a picture (.png, .svg or .pdf); needs matplotlib.",
            ),
            options.force_option("the picture", only_report=True),
            options.output(exit_zero=False, report=False),
        ],
    )


class _Shown(msgspec.Struct, frozen=True):
    """What is printed as JSON; keys are never removed, and what is no number is null."""

    logs: list[Path]
    axis: Axis
    curves: list[Curve]
    notes: list[str]
    picture: Path | None


def _plot(
    logs: tuple[Path, ...],
    keys: str | None,
    axis: Axis | None,
    smooth: int,
    out: NamedFile | None,
    output: Output,
) -> int:
    if out is not None and out.path.suffix.lower() not in PICTURES:
        raise UsageError(f"--out {out}: must end in {', '.join(PICTURES)}")
    read = [read_log(path) for path in logs]
    curves = choose(read, comma_list(keys or ""))
    along = _along(axis, read)
    if out is not None:
        draw(out, curves, along, smooth)
    notes = [*_notes(read, curves), *(_undrawn(curves) if out is not None else ())]
    shown = _Shown([log.path for log in read], along, curves, notes, out.path if out else None)
    for note in notes:
        warn(f"warning: {note}")
    return output.give(shown, lambda shown: _show(shown, smooth))


def _along(axis: Axis | None, logs: Sequence[Log]) -> Axis:
    """Along what the curves are drawn.

    Raises:
        UsageError: a log does not have it.
    """
    without = {
        "epochs": [log for log in logs if not log.has("epoch")],
        "iterations": [log for log in logs if not log.has("step")],
    }
    chosen = axis or ("iterations" if without["epochs"] else "epochs")
    if without[chosen]:
        raise UsageError(f"{without[chosen][0].path}: the log does not say the {chosen} of a line")
    return chosen


def _notes(logs: Sequence[Log], curves: Sequence[Curve]) -> Iterator[str]:
    """What is to be known of the values."""
    for log in logs:
        if log.cut_off:
            yield f"{log.path}: the last line is cut off, and is left out"
    for curve in curves:
        lost = [point for point in curve.points if not math.isfinite(point.value)]
        if lost:
            when = f"step {lost[0].step:.0f}" if math.isfinite(lost[0].step) else "the beginning"
            yield (
                f"{curve.run}: {curve.title} is no number in {len(lost)} of "
                f"{plural(len(curve.points), 'value')}, first at {when}"
            )


def _undrawn(curves: Sequence[Curve]) -> Iterator[str]:
    """Which numbers the picture does not have."""
    for curve in curves:
        beyond = sum(abs(point.value) > MOST_DRAWN for point in curve.finite())
        if beyond:
            yield (
                f"{curve.run}: {beyond} of {plural(len(curve.points), 'value')} of {curve.title} "
                f"{'is' if beyond == 1 else 'are'} beyond {MOST_DRAWN:.0e}, and not drawn"
            )


def _show(shown: _Shown, smooth: int) -> None:
    """The table, or where the picture is."""
    if shown.picture is not None:
        tell(f"wrote {shown.picture}")
        return
    several = len(shown.logs) > 1
    rows = [["curve", "first", "last", "least", "most"]]
    for curve in shown.curves:
        values = [point.value for point in curve.points]
        finite = [value for value in values if math.isfinite(value)] or [math.nan]
        numbers = (values[0], values[-1], min(finite), max(finite))
        name = f"{curve.run}: {curve.title}" if several else curve.title
        rows.append([name, *map(_number, numbers)])
    levels = BLOCKS if can_show(BLOCKS) else ASCII
    room = shutil.get_terminal_size().columns - max(map(len, table(rows))) - 2
    width = min(max(room, _WIDTHS[0]), _WIDTHS[1])
    lines = [
        sparkline(smoothed([point.value for point in curve.points], smooth), width, levels)
        for curve in shown.curves
    ]
    longest = max(map(len, lines))
    columns = ("", *(line.ljust(longest) for line in lines))
    say_lines(table([[*row, line] for row, line in zip(rows, columns, strict=True)]))


def _number(value: float) -> str:
    return f"{value:.4g}"
