"""Curves as a picture: a panel for the losses, one for the metrics, one for each other key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dataforge.drawing import Drawing, lettered
from dataforge.io import NamedFile
from dataforge.verbs.curves.choosing import Curve, smoothed

Axis = Literal["epochs", "iterations"]

_COLOURS = 10
_DASHES = ("-", "-.", ":")
_MARKS = ("o", "s", "^")
_MOST_MARKED = 60
"""Points up to which each has a mark of its own."""

MOST_DRAWN = 1e300
"""The largest value, above or below 0, that is drawn: axes reach farther, and have to be floats."""


def draw(path: Path | NamedFile, curves: Sequence[Curve], axis: Axis, smooth: int = 1) -> None:
    """Draw curves into a picture.

    Losses of validation are dashed, in the colour of those of training. A value that is no number,
    or beyond `MOST_DRAWN`, is a gap, and a cross at the height of the last one that is drawn.

    Args:
        path: of the picture (.png, .svg or .pdf).
        curves: what to draw.
        axis: along which.
        smooth: values whose mean is drawn, over the single values in a lighter colour; those of
            validation stay as they are.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    panels: dict[str, list[Curve]] = {}
    for curve in curves:
        name = {"loss": "loss", "metric": "AP"}.get(curve.kind, curve.key)
        panels.setdefault(name, []).append(curve)
    drawing = Drawing(1 + 5.5 * len(panels), 4.5)
    runs = [*dict.fromkeys(curve.run for curve in curves)]
    several = len(runs) > 1
    for axes, (name, shown) in zip(drawing.panels(len(panels)), panels.items(), strict=True):
        keys = [*dict.fromkeys(curve.key for curve in shown)]
        for curve in shown:
            run, key = runs.index(curve.run), keys.index(curve.key)
            title = f"{curve.run}: {curve.title}" if several else curve.title
            looks = _Looks(run if several else key, key if several else 0)
            _plot(axes, curve, title, looks, axis, smooth)
        _finish(axes, name, axis, shown[0].kind == "metric")
    if not several:
        drawing.title(curves[0].run)
    drawing.save(path)


class _Looks(NamedTuple):
    """Several runs have a colour each, and their keys a dash or a mark; one run has colours."""

    colour: int
    dash: int


def _plot(axes: Any, curve: Curve, title: str, looks: _Looks, axis: Axis, smooth: int) -> None:
    x = [point.epoch if axis == "epochs" else point.step for point in curve.points]
    raw = [one.value if abs(one.value) <= MOST_DRAWN else math.nan for one in curve.points]
    of_training = curve.split == "train"
    y = smoothed(raw, smooth) if of_training else raw
    colour = f"C{looks.colour % _COLOURS}"
    if smooth > 1 and of_training:
        axes.plot(x, raw, color=colour, alpha=0.25, linewidth=0.8)
    style: dict[str, Any] = {"linestyle": _DASHES[looks.dash % 3] if of_training else "-"}
    if not of_training or len(x) == 1:
        style |= {"marker": _MARKS[looks.dash % 3] if len(x) <= _MOST_MARKED else None}
    if not of_training and curve.kind != "metric":
        style["linestyle"] = "--"
    text, _ = lettered(title)
    axes.plot(
        x, y, color=colour, linewidth=1.3, markersize=4, label=text.lstrip("_") or text, **style
    )
    lost, height = [], 0.0
    for position, value in zip(x, y, strict=True):
        if math.isnan(value):
            lost.append((position, height))
        else:
            height = value
    if lost:
        axes.plot(*zip(*lost, strict=True), "x", color=colour, markersize=7)


def _finish(axes: Any, name: str, axis: Axis, of_metrics: bool) -> None:
    """Axes, grid and legend of a panel."""
    axes.set_xlabel("epoch" if axis == "epochs" else "iteration")
    text, font = lettered(name)
    axes.set_ylabel(text, font=font, parse_math=False)
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    low, high = axes.get_ylim()
    if of_metrics and low > -0.1 and high < 1.1:
        axes.set_ylim(-0.02, 1.02)
    elif low > 0 and not of_metrics:
        axes.set_ylim(bottom=0)
    legend = axes.legend(fontsize="small")
    for entry in legend.get_texts():
        shown, font = lettered(entry.get_text())
        entry.set(text=shown, parse_math=False)
        if font is not None:
            entry.set_font(font)
