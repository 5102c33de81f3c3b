"""A YOLO row with a number below 0 or above 1.

What: a coordinate lies outside the image by more than a millionth of its size, and by less than the
whole of it. It is kept as it is.

Why: Ultralytics leaves out the whole image for one such number, with all of its good rows.

Example: ``0 0.95 0.5 1.2 0.3``: the box reaches beyond both sides.

Fix: redraw the object, or cut it to the image: --fix --unsafe-fixes does, unless nothing of it is
inside, and so does `dataforge convert --clip`. It is unsafe, as the numbers may be wrong in another
way.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import clip as _clip
from dataforge.checks import fixing as _fix
from dataforge.checks.text import Edit, Text
from dataforge.formats.yolo import is_outside_unit
from dataforge.records import Image

SEVERITY = "warning"
FIX = "unsafe"
FORMATS = ("yolo",)


class Fix(_fix.Fix):
    """Cuts the rows to the image."""

    def image(self, text: Text, image: Image) -> Iterator[Edit]:
        found = []
        for position, instance in enumerate(image.instances):
            columns = text.columns(_fix.line_of(instance))[1:]
            if any(is_outside_unit(float(text.text[slice(*span)])) for span in columns):
                found.append(position)
        yield from _clip.clipped("yolo", text, image, found)
