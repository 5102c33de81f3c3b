"""Pictures of a run; matplotlib is an extra (``pip install dataforge[plots]``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dataforge.errors import MissingDependencyError


def loss_curve(
    path: Path, losses: Sequence[float], ap50: Mapping[int, float], target: float, title: str
) -> None:
    """Draw the loss of each iteration and the AP50 of each evaluation into a PNG.

    Args:
        path: of the PNG.
        losses: one for each iteration.
        ap50: iteration (1-based) -> AP50, 0 to 1.
        target: the bar that AP50 was to reach.
        title: above the picture.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            "plots need matplotlib: pip install dataforge[plots]"
        ) from error

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(range(1, len(losses) + 1), losses, color="tab:blue", linewidth=1.2)
    axes.set_xlabel("iteration")
    axes.set_ylabel("loss", color="tab:blue")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.set_title(title)
    right = axes.twinx()
    right.plot(list(ap50), list(ap50.values()), "o-", color="tab:red", markersize=4)
    right.axhline(target, color="tab:red", linestyle=":", linewidth=1)
    right.set_ylabel("AP50", color="tab:red")
    right.set_ylim(0, 1.05)
    figure.savefig(path)
