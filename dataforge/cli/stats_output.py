"""The report of ``dataforge stats`` as text, as wide as the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dataforge.cli.output import LEAST_NAME, can_show, fitted, show_findings, tables, tell
from dataforge.errors import first_of, plural
from dataforge.verbs.curves import ASCII, BLOCKS, sparkline
from dataforge.verbs.stats import Histogram, Quantiles, Stats

_SHADES = ("·░▒▓█", ".-+*#")
_MAP_ROWS, _MAP_COLUMNS = 8, 16
_LABEL = 21
"""Characters of the label of a line."""
_CURVE = 16
"""Characters of a curve."""
_NUMBERS = 45
"""Characters for the numbers beside the name of a class."""
_MOST_CLASSES = 40


def show(report: Stats) -> None:
    """Print it."""
    objects = plural(report.objects, "object")
    classes = plural(len(report.classes), "class")
    images = plural(report.images, "image")
    tell(f"{report.path}: {images}, {objects}, {classes} ({report.format})", wrap=True)
    if report.classes:
        tell()
        for line in _tables(report):
            tell(line)
    tell()
    for measure in _measures(report):
        for line in measure.lines():
            tell(line)
    for number, advice in enumerate(report.advice):
        if not number:
            tell()
        for line in _Measure("" if number else "advice", advice.text).lines():
            tell(line)
    show_findings(report.findings)


# Tables ----------------------------------------------------------------------------------------


def _tables(report: Stats) -> Iterator[str]:
    """Numbers by class: those with the most objects, in their order.

    There are several tables below each other if the terminal is too narrow for one.
    """
    some = [name for name, one in report.classes.items() if one.objects]
    most = {*sorted(some, key=lambda name: -report.classes[name].objects)[:_MOST_CLASSES]}
    shown = [name for name in some if name in most]
    columns = {"class": [*map(_cut, shown), "(all)"]} | _columns(report, shown)
    rows = [[title, *cells] for title, cells in columns.items()]
    yield from tables([*zip(*rows, strict=True)], shutil.get_terminal_size().columns)
    if left := [report.classes[name].objects for name in some if name not in most]:
        each = f"at most {plural(max(left), 'object')} each"
        yield f"  ... and {plural(len(left), 'class')} more, with {each}; --json has all"
    if none := [_cut(name) for name in report.classes if name not in some]:
        yield f"  {plural(len(none), 'class')} without objects: {first_of(none)}"


def _columns(report: Stats, shown: Sequence[str]) -> dict[str, list[str]]:
    """Title -> the cells of these classes, and of all of them."""
    found: dict[str, list[int]] = {}
    classes = [report.classes[name] for name in shown]
    for name in ("objects", "images", "small", "medium", "large", "crowd", "difficult"):
        total = getattr(report, name)
        if total or name not in ("crowd", "difficult"):
            found[name] = [*(getattr(one, name) for one in classes), total]
    if len(report.splits) > 1:
        for split, whole in report.splits.items():
            here = [own.objects if (own := one.splits.get(split)) else 0 for one in classes]
            found[f"in {split}"] = [*here, whole.objects]
    return {title: [f"{number:,}" for number in numbers] for title, numbers in found.items()}


def _cut(name: str) -> str:
    """A name, so long that there is room for numbers beside it."""
    return fitted(name, max(LEAST_NAME, shutil.get_terminal_size().columns - _NUMBERS))


# Measures --------------------------------------------------------------------------------------


class _Measure(NamedTuple):
    """What is measured, in words, and as a curve or a map."""

    label: str
    text: str
    curve: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """The text beside the curve, or below it if there is no room."""
        start = f"  {self.label:<{_LABEL}}"
        room = shutil.get_terminal_size().columns - len(start)
        wide = max(map(len, self.curve), default=0)
        if self.curve and room - wide - 2 < min(24, len(self.text)):
            for line in self.curve:
                yield (start + line).rstrip()
                start = " " * len(start)
            beside: Sequence[str] = ()
        else:
            beside, room = self.curve, room - (wide + 2 if self.curve else 0)
        words = textwrap.wrap(self.text, max(room - 1, 24), break_on_hyphens=False)
        for number in range(max(len(words), len(beside))):
            shown = beside[number] if number < len(beside) else ""
            gap = "  " if beside else ""
            word = words[number] if number < len(words) else ""
            yield f"{start}{shown:<{wide if beside else 0}}{gap}{word}".rstrip()
            start = " " * len(start)


def _measures(report: Stats) -> Iterator[_Measure]:
    if report.objects:
        least, most = (
            int(n) for n in (report.objects_per_image.least, report.objects_per_image.most)
        )
        yield _Measure(
            "objects in an image",
            f"median {report.objects_per_image.median:g}, mean {report.objects_per_image.mean:.1f}",
            [_curve([report.images_by_objects.get(n, 0) for n in range(least, most + 1)],
                    str(least), f"{most:,}")],
        )  # fmt: skip
        yield _Measure(
            "side of objects",
            f"median {_number(report.side.median)} px; {_shares(report)}",
            [_curve_of(report.sides, report.side, _number)],
        )
        yield _Measure(
            "width : height",
            f"{_middle(report.aspect_ratio)}",
            [_curve_of(report.aspect_ratios, report.aspect_ratio, _ratio)],
        )
    yield _Measure("size of images", _image_sizes(report))
    if report.images_without_objects:
        number = plural(report.images_without_objects, "image")
        yield _Measure("without objects", number)
    if report.input_size.objects:
        yield _Measure("at " + "x".join(map(str, report.input_size.size)), _trained(report))
    if report.anchors:
        fit = report.anchors.default
        yield _Measure(
            "default anchors",
            f"fit {fit.recall_50:.1%} of the boxes with an IoU of 0.5 or more; mean of the best "
            f"IoU {fit.mean_best_iou:.2f}",
        )
    if any(map(any, report.positions)):
        most = max(map(max, report.positions))
        yield _Measure(
            "centres of boxes",
            f"at most {plural(most, 'object')} in one of {len(report.positions)} x "
            f"{len(report.positions[0])} parts of the image",
            _map(report.positions),
        )


def _curve(counts: Sequence[int], first: str, last: str) -> str:
    """Counts between the values that they begin and end at."""
    levels = BLOCKS if can_show(BLOCKS) else ASCII
    # Zeroes at both ends, so that the lowest level means none.
    width = min(_CURVE, len(counts))
    sums = [
        sum(counts[i * len(counts) // width : (i + 1) * len(counts) // width]) for i in range(width)
    ]
    return f"{first:>5} {sparkline([0, *sums], len(sums) + 1, levels)[1:]} {last}"


def _curve_of(histogram: Histogram, values: Quantiles, shown: Callable[[float], str]) -> str:
    """A histogram from the first part that has anything to the last, between least and most."""
    some = [number for number, count in enumerate(histogram.counts) if count] or [0]
    counts = histogram.counts[some[0] : some[-1] + 1]
    return _curve(counts, shown(values.least), shown(values.most))


def _map(positions: Sequence[Sequence[int]]) -> list[str]:
    """Where the centres are, in shades, from the top."""
    shades = _SHADES[0] if can_show(_SHADES[0]) else _SHADES[1]
    down = len(positions) // _MAP_ROWS
    across = len(positions[0]) // _MAP_COLUMNS
    cells = [
        [
            sum(sum(row[x : x + across]) for row in positions[y : y + down])
            for x in range(0, len(positions[0]), across)
        ]
        for y in range(0, len(positions), down)
    ]
    most = max(map(max, cells))
    return [
        "".join(shades[-(-count * (len(shades) - 1) // most)] for count in row) for row in cells
    ]


def _shares(report: Stats) -> str:
    """Small, medium and large, and by what."""
    sizes = ((name, getattr(report, name)) for name in ("small", "medium", "large"))
    shares = ", ".join(f"{name} {number / report.objects:.0%}" for name, number in sizes)
    of = report.area_of
    kinds = [name for name in ("box", "outline", "mask") if getattr(of, name)]
    return f"{shares} (by the area of the {' or '.join(kinds)})"


def _trained(report: Stats) -> str:
    """Objects at the input size of detectors."""
    seen = report.input_size
    numbers = ((8, seen.below_8), (16, seen.below_16), (32, seen.below_32))
    below = ", ".join(
        f"{number / seen.objects:.1%} below {pixels} px" for pixels, number in numbers if number
    )
    below = below or "none below 32 px"
    times = f"images {seen.scale.median:.3g} times as large"
    return f"{times}; objects: median {_number(seen.side.median)} px, {below}"


def _middle(quantiles: Quantiles) -> str:
    low, high = quantiles.quarter, quantiles.three_quarters
    return f"median {quantiles.median:.2f}, half of them from {low:.2f} to {high:.2f}"


def _image_sizes(report: Stats) -> str:
    """The size of all images, or the most frequent ones."""
    sizes = report.image_sizes
    number = len(sizes) + report.other_image_sizes
    if number == 1:
        return f"{sizes[0].width}x{sizes[0].height}"
    first = ", ".join(f"{one.width}x{one.height} ({one.images:,})" for one in sizes[:3])
    more = f" and {plural(number - 3, 'other size')}" if number > 3 else ""
    return first + more


def _ratio(value: float) -> str:
    return f"{value:.2g}:1" if value >= 1 else f"1:{1 / value:.2g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
