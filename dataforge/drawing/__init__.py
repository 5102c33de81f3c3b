"""Pictures: text in any script, and figures of matplotlib, an extra (``dataforge-cv[plots]``)."""

from __future__ import annotations

from dataforge.drawing.colours import Colour, class_colours, readable_on
from dataforge.drawing.figures import Drawing, lettered
from dataforge.drawing.fonts import drawable, fonts_to_install
from dataforge.drawing.lettering import draw_text, fitting, text_mask, text_width

__all__ = [
    "Colour",
    "Drawing",
    "class_colours",
    "draw_text",
    "drawable",
    "fitting",
    "fonts_to_install",
    "lettered",
    "readable_on",
    "text_mask",
    "text_width",
]
