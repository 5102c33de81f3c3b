"""Figures of matplotlib, without a display and without its global state."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from dataforge.drawing.agg import canvas_type
from dataforge.drawing.fonts import drawable
from dataforge.errors import MissingDependencyError, one_line
from dataforge.io import NamedFile, atomic_write


class Drawing:
    """A figure to draw on, and to save.

    Args:
        width, height: inches, at 120 dots each.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """

    def __init__(self, width: float, height: float) -> None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingDependencyError("plots need matplotlib: pip install matplotlib") from error
        self._figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
        canvas_type()(self._figure)

    def panels(self, count: int) -> list[Any]:
        """That many axes side by side, along the same x."""
        return list(self._figure.subplots(1, count, squeeze=False, sharex=True)[0])

    def grid(self, rows: int, columns: int) -> list[Any]:
        """Axes that have nothing in common, row by row."""
        return list(self._figure.subplots(rows, columns, squeeze=False).flat)

    def title(self, text: str) -> None:
        """Put a title above all panels."""
        self._figure.suptitle(one_line(text), parse_math=False)

    def save(self, path: Path | NamedFile) -> None:
        """Write the figure, in the format of the ending (.png, .svg or .pdf)."""
        ending = Path(str(path)).suffix[1:].lower()
        title = self._figure.texts[:1] if ending != "png" else []
        for text in title:
            shown, font = lettered(text.get_text())
            text.set(text=shown, font=font)
        with atomic_write(path) as stream, warnings.catch_warnings():
            # A line's height is that of "lp", which fonts of other scripts may lack.
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            self._figure.savefig(stream, format=ending)


def lettered(text: str) -> tuple[str, Path | None]:
    """A text as a vector file can have it, and the file of a font that has its letters.

    Pictures (.png) have texts in any scripts as they are. None is matplotlib's own font. The text
    is to be drawn with `parse_math=False`.
    """
    shown, font = drawable(text)
    return shown, Path(str(font.path)) if font else None
