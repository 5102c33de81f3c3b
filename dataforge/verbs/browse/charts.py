"""The numbers that the page draws charts of: those of `dataforge stats`, an image once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dataforge.datasets import Fact
from dataforge.pages import write_script
from dataforge.verbs.browse.shards import CELLS
from dataforge.verbs.check import Checked
from dataforge.verbs.stats import RATIO_EDGES, SIDE_EDGES, Sums, reduced

EDGES = {"sides": SIDE_EDGES, "ratios": RATIO_EDGES, "cells": CELLS}
"""What the numbers of an image's parts mean, see `Row`."""

_ELSEWHERE = ("classes", "findings", "image_sizes", "images_by_objects", "path", "root", "together")
"""Fields that the page has already, or counts itself."""


class Charts:
    """Adds up the objects of the images that are drawn."""

    def __init__(self) -> None:
        self._sums = Sums()

    def take(self, objects: Sequence[Fact | None]) -> None:
        """Add the objects of some images."""
        self._sums.take([one for one in objects if one is not None])

    def write(self, home: Path, side: str, path: str, found: Checked, format_: str) -> None:
        """Write a dataset's numbers as a chunk of the page.

        An image that several splits list counts once, as the page shows it once.

        Args:
            home: folder of the page's files.
            side: which of two datasets: ``a`` or ``b``.
            path: of the dataset, as given.
            found: the dataset.
            format_: that was read.
        """
        once = {(seen.file_name, str(seen.place)): seen for seen in reversed(found.survey.images)}
        images = [*reversed(once.values())]
        report = reduced(path, images, self._sums, found.classes, format_)
        numbers: dict[str, Any] = msgspec.to_builtins(report)
        for name in _ELSEWHERE:
            del numbers[name]
        name = f"{side}-stats"
        write_script(home / "data" / f"{name}.js", "chunk", name, numbers)
