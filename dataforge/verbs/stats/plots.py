"""Charts of a report as pictures; they need matplotlib, an extra."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from dataforge.drawing import Drawing
from dataforge.errors import OutputError, one_line, shortened
from dataforge.io import staged
from dataforge.verbs.stats.report import Histogram, Stats

_MOST_CLASSES = 30
"""Classes of a chart: those with the most objects."""

_LONGEST_NAME = 24
_LABELLED = 3
"""Sizes of images that have their numbers beside them."""

_COLOUR = "#3b6fb6"
_SPLITS = ("#3b6fb6", "#e08a2e", "#57a05a", "#b2477f", "#7d6bb0", "#8c8c8c")
_SMALL = ("#cfe3f5", "#e6f0dc", "#fbe9d3")


class Plots:
    """All charts, and an overview of them, in a folder.

    Args:
        folder: is made if it does not exist; what else is in it stays.
        dataset: that is read; no file of it is overwritten.
        force: overwrite the pictures.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        OutputError: a picture exists and `force` is not set, or the folder is a file.
    """

    def __init__(self, folder: Path, dataset: str, *, force: bool = False) -> None:
        Drawing(1, 1)  # before a long run
        self._folder = folder
        self._force = force
        self._paths = [folder / f"{name}.png" for name in ("overview", *_CHARTS)]
        home = os.path.join(os.path.realpath(dataset), "")
        self._inputs = {
            real for path in self._paths if (real := os.path.realpath(path)).startswith(home)
        }
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file; name a folder")
        for path in self._paths:
            if path.exists() and not force:
                raise OutputError(f"{path} already exists; use --force to overwrite")

    def draw(self, stats: Stats) -> list[Path]:
        """Draw them; returns their paths.

        Raises:
            OutputError: a picture exists and `force` is not set, or it cannot be written.
        """
        paths = self._paths
        with staged(self._folder, paths, force=self._force, inputs=self._inputs) as stage:
            stage.mkdir(exist_ok=True)
            drawing = Drawing(15, 8.5)
            charts = [chart for name, chart in _CHARTS.items() if name != "together"]
            for axes, chart in zip(drawing.grid(2, 3), charts, strict=True):
                chart(axes, stats)
            drawing.title(_title(stats))
            drawing.save(stage / paths[0].name)
            for path, chart in zip(paths[1:], _CHARTS.values(), strict=True):
                drawing = Drawing(6.4, 6 if path.stem in _HIGH else 4.4)
                (axes,) = drawing.panels(1)
                chart(axes, stats)
                drawing.save(stage / path.name)
        return paths


def _title(stats: Stats) -> str:
    name = os.path.basename(os.path.abspath(stats.path)) or stats.path
    return f"{shortened(name, 60)}: {stats.images:,} images, {stats.objects:,} objects"


def _classes(axes: Any, stats: Stats) -> None:
    """Objects of each class, split upon split."""
    names = _most(stats)[::-1]
    left = [0] * len(names)
    for number, split in enumerate(stats.splits):
        own = [
            here.objects if (here := stats.classes[name].splits.get(split)) else 0 for name in names
        ]
        colour = _SPLITS[number % len(_SPLITS)]
        axes.barh(range(len(names)), own, left=left, color=colour, label=f"split {number}")
        left = [a + b for a, b in zip(left, own, strict=True)]
    _names(axes.set_yticks, axes.get_yticklabels, names)
    if len(stats.splits) > 1:
        legend = axes.legend(fontsize="small", loc="lower right")
        for entry, split in zip(legend.get_texts(), stats.splits, strict=True):
            entry.set_text(_cut(split))
            _letter(entry, "small")
    left_out = sum(1 for own in stats.classes.values() if own.objects) - len(names)
    more = f" ({left_out:,} rarer ones left out)" if left_out > 0 else ""
    _finish(axes, f"objects by class{more}", "objects", "")


def _sizes(axes: Any, stats: Stats) -> None:
    """Sides of objects, over bands of COCO's sizes."""
    bands = ((1, 32, "small", stats.small), (32, 96, "medium", stats.medium),
             (96, 4096, "large", stats.large))  # fmt: skip
    for (low, high, name, number), colour in zip(bands, _SMALL, strict=True):
        axes.axvspan(low, high, color=colour, zorder=0)
        share = number / stats.objects if stats.objects else 0
        axes.text(
            (low * high) ** 0.5, 1.01, f"{name} {share:.0%}", ha="center", fontsize="small",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    _histogram(axes, stats.sides)
    _logarithmic(axes, [1, 4, 16, 32, 96, 256, 1024, 4096])
    axes.set_xlim(1, 4096)
    axes.set_title("size of objects", fontsize="medium", pad=18)
    _finish(axes, "", "side of an object (√area), pixels", "objects")


def _shapes(axes: Any, stats: Stats) -> None:
    _histogram(axes, stats.aspect_ratios)
    _logarithmic(axes, [1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16],
                 ["1:16", "1:4", "1:2", "1:1", "2:1", "4:1", "16:1"])  # fmt: skip
    axes.axvline(1, color="#555555", linewidth=0.8, linestyle=":")
    _finish(axes, "shape of boxes", "width : height", "objects")


def _per_image(axes: Any, stats: Stats) -> None:
    """Images by number of objects; of a wide range, in parts."""
    most = max(stats.images_by_objects, default=0)
    width = max(1, -(-(most + 1) // 40))
    counts = [0] * (most // width + 1)
    for number, images in stats.images_by_objects.items():
        counts[number // width] += images
    edges = [number * width for number in range(len(counts))]
    axes.bar(edges, counts, width=width * 0.9, align="edge" if width > 1 else "center",
             color=_COLOUR)  # fmt: skip
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish(axes, "objects in an image", "objects", "images")


def _image_sizes(axes: Any, stats: Stats) -> None:
    """A dot for each size, its area the number of images."""
    sizes = stats.image_sizes
    most = max((size.images for size in sizes), default=1)
    axes.scatter(
        [size.width for size in sizes],
        [size.height for size in sizes],
        s=[20 + 380 * size.images / most for size in sizes],
        color=_COLOUR, alpha=0.6, linewidths=0,
    )  # fmt: skip
    for size in sizes[:_LABELLED]:
        axes.annotate(
            f"{size.width}x{size.height}", (size.width, size.height), (0, 13),
            textcoords="offset points", ha="center", fontsize="small",
        )  # fmt: skip
    axes.set_xlim(0, 1.15 * max((size.width for size in sizes), default=1))
    axes.set_ylim(0, 1.15 * max((size.height for size in sizes), default=1))
    number = len(sizes) + stats.other_image_sizes
    title = f"sizes of images ({number:,} different)" if number != 1 else "size of all images"
    _finish(axes, title, "width, pixels", "height, pixels")


def _positions(axes: Any, stats: Stats) -> None:
    shown = axes.imshow(stats.positions, cmap="viridis", extent=(0, 1, 1, 0), aspect="auto",
                        interpolation="nearest")  # fmt: skip
    axes.figure.colorbar(shown, ax=axes, label="objects")
    _finish(axes, "centres of boxes in their images", "", "", grid=False)
    axes.set_xticks([0, 0.5, 1], ["left", "middle", "right"])
    axes.set_yticks([0, 0.5, 1], ["top", "middle", "bottom"])


def _together(axes: Any, stats: Stats) -> None:
    """Images that have both of two classes; on the diagonal, those that have one."""
    names = _most(stats)
    row = {name: number for number, name in enumerate(names)}
    common = [[0] * len(names) for _ in names]
    for name, number in row.items():
        common[number][number] = stats.classes[name].images
    for pair in stats.together:
        one, other = (row.get(name, -1) for name in pair.classes)
        if one >= 0 and other >= 0:
            common[one][other] = common[other][one] = pair.images
    if not names:
        common = [[0]]
    shown = axes.imshow(common, cmap="Blues", aspect="equal", vmin=0)
    if 0 < len(names) <= 12:
        dark = max(map(max, common)) / 2
        for y, line in enumerate(common):
            for x, number in enumerate(line):
                axes.text(x, y, f"{number:,}", ha="center", va="center", fontsize="small",
                          color="white" if number > dark else "black")  # fmt: skip
    else:
        axes.figure.colorbar(shown, ax=axes, label="images")
    _names(axes.set_yticks, axes.get_yticklabels, names)
    _names(axes.set_xticks, axes.get_xticklabels, names)
    if len(names) > 4:
        for label in axes.get_xticklabels():
            label.set(rotation=60, ha="right", rotation_mode="anchor")
    _finish(axes, "images with both classes", "", "", grid=False)


_CHARTS: dict[str, Callable[[Any, Stats], None]] = {
    "classes": _classes,
    "objects_per_image": _per_image,
    "sizes": _sizes,
    "shapes": _shapes,
    "image_sizes": _image_sizes,
    "positions": _positions,
    "together": _together,
}
"""Name of the file -> what draws it."""

_HIGH = {"classes", "together"}


def _most(stats: Stats) -> list[str]:
    """The classes with the most objects, the most frequent first."""
    present = [name for name, own in stats.classes.items() if own.objects]
    return sorted(present, key=lambda name: -stats.classes[name].objects)[:_MOST_CLASSES]


def _histogram(axes: Any, histogram: Histogram) -> None:
    edges = histogram.edges
    widths = [high - low for low, high in pairwise(edges)]
    axes.bar(edges[:-1], histogram.counts, width=widths, align="edge", color=_COLOUR,
             edgecolor="white", linewidth=0.6)  # fmt: skip


def _logarithmic(axes: Any, ticks: Sequence[float], names: Sequence[str] | None = None) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, names or [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _names(ticks: Callable[..., Any], labels: Callable[[], Any], names: Sequence[str]) -> None:
    """Names of classes on an axis, in any script."""
    ticks(range(len(names)), [_cut(name) for name in names])
    for label in labels():
        _letter(label, "small" if len(names) <= 15 else "x-small")


def _cut(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _letter(label: Any, size: str) -> None:
    label.set_parse_math(False)
    label.set_fontsize(size)


def _finish(axes: Any, title: str, x: str, y: str, *, grid: bool = True) -> None:
    if title:
        axes.set_title(title, fontsize="medium")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if grid:
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
