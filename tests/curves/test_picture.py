"""The picture has a panel for losses, one for metrics, and what is asked for beside them."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
from curves.lines import mmdet2, write_log

from dataforge.drawing import Drawing
from dataforge.verbs.curves import Curve, choose, draw, read_log

pytest.importorskip("matplotlib")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The panels of what is drawn."""
    panels: list[Any] = []
    original = Drawing.panels

    def keep(self: Drawing, count: int) -> list[Any]:
        panels[:] = original(self, count)
        return panels

    monkeypatch.setattr(Drawing, "panels", keep)
    return panels


def curves(folder: Path, *keys: str, runs: int = 1) -> list[Curve]:
    """Of runs of two epochs with three steps each; the loss of step 4 is no number."""
    losses = (3.0, 2.0, 2.5, math.nan, 1.5, 1.0)
    rows = [(1 + i // 3, 1 + i % 3, loss) for i, loss in enumerate(losses)]
    val = {
        epoch: {"bbox_mAP": epoch / 10, "bbox_mAP_50": epoch / 5, "loss": 2.5} for epoch in (1, 2)
    }
    logs = [
        read_log(write_log(folder / f"run{i}" / "log.json", mmdet2(rows, val=val)))
        for i in range(runs)
    ]
    return choose(logs, keys)


def lines(axes: Any) -> dict[str, Any]:
    """Label -> line, of those in the legend."""
    return {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}


def test_losses_and_metrics_stand_beside_each_other(tmp_path: Path, drawn: list[Any]) -> None:
    draw(tmp_path / "a.png", curves(tmp_path), "epochs")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    losses, metrics = drawn
    assert (losses.get_ylabel(), metrics.get_ylabel()) == ("loss", "AP")
    assert [axes.get_xlabel() for axes in drawn] == ["epoch", "epoch"]
    assert [*lines(losses)] == ["loss", "loss (val)"]
    assert [*lines(metrics)] == ["AP", "AP50"]
    train, val = lines(losses).values()
    assert list(train.get_xdata()) == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert list(val.get_xdata()) == [1, 2]
    assert (train.get_linestyle(), val.get_linestyle()) == ("-", "--")
    assert train.get_color() == val.get_color()
    assert list(lines(metrics)["AP50"].get_ydata()) == [0.2, 0.4]
    # A gap, and a cross at the height of the value before it.
    assert math.isnan(train.get_ydata()[3])
    (cross,) = [line for line in losses.lines if line.get_marker() == "x"]
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([pytest.approx(4 / 3)], [2.5])


def test_steps_and_smoothing(tmp_path: Path, drawn: list[Any]) -> None:
    draw(tmp_path / "a.svg", curves(tmp_path), "iterations", smooth=2)
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    train = lines(drawn[0])["loss"]
    assert list(train.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert list(train.get_ydata()) == pytest.approx(
        [3, 2.5, 2.25, math.nan, 1.5, 1.25], nan_ok=True
    )
    assert list(drawn[0].lines[0].get_ydata())[:3] == [3, 2, 2.5]  # lighter, below it
    assert list(lines(drawn[1])["AP"].get_ydata()) == [0.1, 0.2]


def test_several_runs_have_a_colour_each(tmp_path: Path, drawn: list[Any]) -> None:
    draw(tmp_path / "a.pdf", curves(tmp_path, "loss", "loss_bbox", "AP", "lr", runs=2), "epochs")
    assert [axes.get_ylabel() for axes in drawn] == ["loss", "AP", "lr"]
    for axes in drawn:
        colours = {label.split(": ")[0]: set() for label in lines(axes)}
        for label, line in lines(axes).items():
            colours[label.split(": ")[0]].add(line.get_color())
        assert colours == {"run0": {"C0"}, "run1": {"C1"}}
    shown = lines(drawn[0])
    assert shown["run0: loss"].get_linestyle() != shown["run0: loss_bbox"].get_linestyle()


def test_names_in_any_script_and_formulas(tmp_path: Path, drawn: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")
        for name in ("_кошка", "猫 $x$", "$\\frac$", "::error::"):
            read = curves(tmp_path / name.replace("/", ""), runs=2)
            renamed = [
                Curve(f"{name}{curve.run}", curve.key, curve.split, curve.points) for curve in read
            ]
            draw(tmp_path / "a.png", renamed, "epochs")
            draw(tmp_path / "a.png", renamed[:1], "epochs")


def test_values_that_are_all_none(tmp_path: Path, drawn: list[Any]) -> None:
    lost = [
        Curve("run", "loss", "train", [point.__class__(1, 1, math.nan)])
        for point in curves(tmp_path)[0].points[:1]
    ]
    draw(tmp_path / "a.png", lost, "epochs")
    (cross,) = [line for line in drawn[0].lines if line.get_marker() == "x"]
    assert list(cross.get_ydata()) == [0]


def test_values_beyond_what_axes_can_reach_are_gaps(tmp_path: Path, drawn: list[Any]) -> None:
    (curve, *_) = curves(tmp_path)
    values = (1e308, 1e300, 1e-320, -1e308)
    points = [type(curve.points[0])(1, step, value) for step, value in enumerate(values)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        draw(tmp_path / "a.png", [Curve("run", "loss", "train", points)], "iterations")
    line = lines(drawn[0])["loss"]
    assert [*map(math.isnan, line.get_ydata())] == [True, False, False, True]
    (crosses,) = [line for line in drawn[0].lines if line.get_marker() == "x"]
    assert list(crosses.get_ydata()) == [0, 1e-320]
