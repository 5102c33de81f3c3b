"""Text in any script on matplotlib's pictures: it knows one font a text, and shapes no letters."""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any

from dataforge.drawing.lettering import text_mask

_OWN = re.compile(r"[\u0000-\u02ff\u0370-\u058f\u2010-\u2027\u2030-\u22ff]*")
"""Texts that matplotlib draws itself: Latin, Greek and Cyrillic letters, dashes and signs."""


@cache
def canvas_type() -> Any:
    """A canvas whose texts are drawn by Pillow where matplotlib cannot draw them.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg

    class Renderer(RendererAgg):  # type: ignore[misc]
        def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
            if ismath or _OWN.fullmatch(s):
                return super().get_text_width_height_descent(s, prop, ismath)
            mask, below = _mask(s, self._pixels(prop))
            height, width = mask.shape
            return width, height, below

        def draw_text(
            self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False,
            mtext: Any = None,
        ) -> None:  # fmt: skip
            if ismath or _OWN.fullmatch(s):
                super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
                return
            mask, below = _mask(s, self._pixels(prop))
            turned = math.radians(angle)
            x, y = round(x + below * math.sin(turned)), round(y + below * math.cos(turned))
            self._renderer.draw_text_image(mask, x, y, angle, gc)

        def _pixels(self, prop: Any) -> int:
            pixels: float = self.points_to_pixels(prop.get_size_in_points())
            return max(1, round(pixels))

    class Canvas(FigureCanvasAgg):  # type: ignore[misc]
        _made: tuple[Any, Any] = None, None

        def get_renderer(self) -> Any:
            width, height = self.figure.bbox.size
            key = width, height, self.figure.dpi
            if self._made[0] != key:
                self._made = key, Renderer(*key)
            self.renderer = self._made[1]
            return self.renderer

    return Canvas


@lru_cache(maxsize=1024)
def _mask(text: str, height: int) -> tuple[Any, int]:
    """The text as an array, (height, width), and how many rows are below its line."""
    import numpy as np

    image, below = text_mask(text, height)
    return np.array(image, np.uint8), below
