"""Pictures: text in any script, and figures of matplotlib, an extra (``dataforge-cv[plots]``)."""

from __future__ import annotations

from dataforge.drawing.colours import Colour, class_colours, readable_on
from dataforge.drawing.figures import Drawing, lettered
from dataforge.drawing.fonts import drawable
from dataforge.drawing.lettering import draw_text, fitting, text_width

__all__ = [
    "Colour",
    "Drawing",
    "class_colours",
    "draw_text",
    "drawable",
    "fitting",
    "lettered",
    "readable_on",
    "text_width",
]
