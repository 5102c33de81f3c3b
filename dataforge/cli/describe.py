"""``dataforge describe``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dataforge.cli import options
from dataforge.cli.command import Argument, Command, Option
from dataforge.cli.output import Output, say, show_table, tell
from dataforge.errors import UsageError, plural
from dataforge.verbs.describe import Description, LevelOfAnchors, Part, describe

_LEAST_SIDE = 32
"""Pixels; the smallest image that a stage of stride 32 is made of."""
_GREATEST_SIDE = 99_999
"""Pixels; what is longer is a slip of the hand."""

_HELP = """Describe a config's model: stages, parameters, levels, anchors, multiply-adds.

CONFIG is a training config of mmdetection 2.x or 3.x, or the train.py that `register` generates for
torchvision. Its framework builds the model, which runs once on an empty image; nothing is
downloaded. Frozen is what gets no gradient in training. The anchors are compared with the boxes of
the training set, resized as the config resizes images for testing.
"""


def command() -> Command:
    """The command."""
    return Command(
        "describe",
        _describe,
        help=_HELP,
        params=[
            Argument("config", type=options.FILE, metavar="CONFIG", help="Config or train.py."),
            Option(
                "--image-size",
                metavar="WIDTHxHEIGHT",
                help="Image to run the model on, pixels; padded as the config says. [default: the "
                "size to which the config resizes]",
            ),
            options.output(exit_zero=False),
            options.force_option(only_report=True),
        ],
    )


def _describe(config: Path, image_size: str | None, output: Output) -> int:
    size = None
    if image_size is not None:
        found = re.fullmatch(r"(\d{1,9})x(\d{1,9})", image_size)
        size = (int(found[1]), int(found[2])) if found else (0, 0)
        if not all(_LEAST_SIDE <= side <= _GREATEST_SIDE for side in size):
            raise UsageError(
                f"--image-size {image_size}: must be WIDTHxHEIGHT such as 1333x800, each from "
                f"{_LEAST_SIDE} to {_GREATEST_SIDE}"
            )
    return output.give(describe(config, size), show)


def show(found: Description) -> None:
    """Print the description as tables."""
    width, height = found.image_size
    tell(f"{found.config}: {found.framework}, on an image of {width}x{height}")
    names = ("output", "stride", "parameters", "weights", "BatchNorm", "multiply-adds")
    rows = [["part", *names], *(_row(part) for part in found.stages)]
    if found.neck:
        rows.append(_row(found.neck, maps=False))
    rows += [
        [f"  {level.name}", _shape(level.shape), _number(level.stride), "", "", "", ""]
        for level in found.levels
    ]
    rows += [_row(part, maps=False) for part in found.heads]
    rows.append(["(all)", "", "", f"{found.parameters:,}", "", "", _giga(found.multiply_adds)])
    show_table(rows)
    say(
        f"{found.trainable:,} of {plural(found.parameters, 'parameter')} are trained; "
        f"{_giga(found.multiply_adds)} multiply-adds"
    )
    if found.anchors:
        _show_anchors(found)
    for note in found.notes:
        say(f"note: {note}")


def _row(part: Part, *, maps: bool = True) -> list[str]:
    first = part.outputs[0] if maps and part.outputs else []
    more = f" and {len(part.outputs) - 1} more" if first and len(part.outputs) > 1 else ""
    return [
        part.name + (f" (on {plural(part.boxes, 'box')})" if part.boxes else ""),
        _shape(first) + more,
        _number(part.stride) if maps else "",
        f"{part.parameters:,}",
        part.trained,
        part.statistics,
        _giga(part.multiply_adds),
    ]


def _show_anchors(found: Description) -> None:
    names = ("stride", "size", "height / width", "anchors", "boxes", "best IoU", "0.5 or more")
    show_table([["level", *names], *(_row_of_anchors(level) for level in found.anchors)])
    coverage = found.coverage
    if coverage is None:
        return
    low, middle, high = (f"{side:,.0f}" for side in coverage.side)
    tell(
        f"{plural(coverage.boxes, 'box')} of {plural(coverage.images, 'training image')}, resized "
        f"as for testing: most from {low} to {high} px, half of them below {middle} px"
    )
    say(
        f"best anchor of a box: IoU {coverage.mean_iou:.3f} on average, 0.5 or more for "
        f"{coverage.recall:.1%}"
    )


def _row_of_anchors(level: LevelOfAnchors) -> list[str]:
    return [
        level.level,
        _number(level.stride),
        " ".join(map(_number, level.sizes)),
        " ".join(map(_number, level.ratios)),
        f"{level.number:,}",
        "" if level.boxes is None else f"{level.boxes:,}",
        "" if level.mean_iou is None else f"{level.mean_iou:.3f}",
        "" if level.recall is None else f"{level.recall:.1%}",
    ]


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _giga(number: int | None) -> str:
    return "" if number is None else f"{number / 1e9:.2f} G"
