"""Pictures: text in any script, and figures of matplotlib, an extra (``dataforge-cv[plots]``)."""

from __future__ import annotations

from dataforge.drawing.figures import Drawing, lettered
from dataforge.drawing.fonts import drawable

__all__ = ["Drawing", "drawable", "lettered"]
