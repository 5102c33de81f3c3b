"""Boxes whose four numbers mean something else than their format says.

What: many boxes of a dataset do not lie in their images, or have their corners reversed, and read
in another order, or as another kind of numbers, all of them fit. Tried are (x0, y0, x1, y1),
(x, y, width, height), a centre with a size, and x and y swapped; each COCO file is judged alone.
Likewise where all boxes lie within the first pixel: numbers from 0 to 1, where pixels are wanted.

Why: COCO wants (x, y, width, height), VOC two corners, YOLO a centre and a size in parts of the
image. A script that took one for the other makes a dataset that loads and trains, on boxes that
are nowhere near the objects; AP stays at 0, and nothing says why.

Example: ``"bbox": [229, 7, 297, 61]`` for an object that is 68 pixels wide.

Fix: write the boxes anew from what they were made of. What is mended or cut before that is lost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.checks.files import Document
from dataforge.formats.voc import BOUNDS
from dataforge.records import Box, Finding, Image

SEVERITY = "error"
FORMATS = ("coco", "labelme", "voc", "yolo")

_FEWEST = 4
_WRONG = 0.05  # of the boxes; fewer may be drawn so
_FIT = 0.995  # of the boxes, read otherwise
_SLACK = 1.0  # pixels, as for partly-outside-image

_Reading = Callable[[float, float, float, float], Box]


def _corners(a: float, b: float, c: float, d: float) -> Box:
    return a, b, c, d


def _sized(a: float, b: float, c: float, d: float) -> Box:
    return a, b, a + c, b + d


def _centred(a: float, b: float, c: float, d: float) -> Box:
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2


_AS_IT_IS: dict[str, _Reading] = {
    "coco": _sized,
    "labelme": _corners,
    "voc": _corners,
    "yolo": _centred,
}

_READINGS: dict[str, dict[str, _Reading]] = {
    "coco": {
        "(x0, y0, x1, y1)": _corners,
        "(centre x, centre y, width, height)": _centred,
        "(y, x, height, width)": lambda a, b, c, d: (b, a, b + d, a + c),
    },
    "labelme": {"(y, x)": lambda a, b, c, d: (b, a, d, c)},
    "voc": {
        "(x, y, width, height)": _sized,
        "(centre x, centre y, width, height)": _centred,
        "(x0, x1, y0, y1)": lambda a, b, c, d: (a, c, b, d),
        "(y0, x0, y1, x1)": lambda a, b, c, d: (b, a, d, c),
    },
    "yolo": {
        "(x0, y0, x1, y1)": _corners,
        "(x, y, width, height)": _sized,
        "(centre x, centre y, height, width)": lambda a, b, c, d: _centred(a, b, d, c),
    },
}


class Check(_base.Check):
    """Counts how many boxes fit into their images, as they are read and otherwise."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.boxes: Counter[str] = Counter()
        self.tiny: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.fitting: dict[str, Counter[str]] = defaultdict(Counter)

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if self.data.format == "voc":  # whose reversed corners the reader has put in order
            for bounds in document.xml.iterfind("object/bndbox"):
                try:
                    a, b, c, d = (float(bounds.findtext(tag) or "") for tag in BOUNDS)
                except ValueError:
                    continue
                self._take(image, (a, b, c, d))
        return iter(())

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances if self.data.format != "voc" else ():
            x0, y0, x1, y1 = instance.box
            if self.data.format == "coco":
                self._take(image, (x0, y0, x1 - x0, y1 - y0))
            elif self.data.format == "yolo":
                self._take(image, ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))
            else:
                self._take(image, instance.box)
        return iter(())

    def _take(self, image: Image, numbers: tuple[float, float, float, float]) -> None:
        form = self.data.format
        source = image.source if form == "coco" else "."
        # YOLO's numbers are parts of the image before they are put together.
        w, h = (image.width, image.height) if form == "yolo" else (1, 1)
        a, b, c, d = numbers

        def fits(reading: _Reading) -> bool:
            x0, y0, x1, y1 = reading(a / w, b / h, c / w, d / h)
            return _fits((x0 * w, y0 * h, x1 * w, y1 * h), image)

        self.boxes[source] += 1
        self.tiny[source] += min(numbers) >= 0 and max(numbers) <= 1
        self.wrong[source] += not fits(_AS_IT_IS[form])
        for name, reading in _READINGS[form].items():
            self.fitting[source][name] += fits(reading)

    def finish(self) -> Iterator[Finding]:
        for source, boxes in self.boxes.items():
            if boxes < _FEWEST:
                continue
            if self.tiny[source] == boxes and self.data.format != "yolo":
                message = f"all {boxes:,} boxes lie within the first pixel"
                remedy = "multiply the numbers by the image's width and height"
                yield self.finding(source, message, remedy)
            wrong = self.wrong[source]
            name, fitting = self.fitting[source].most_common(1)[0]
            if wrong >= max(_FEWEST, _WRONG * boxes) and fitting >= _FIT * boxes:
                yield self.finding(
                    source,
                    f"{wrong:,} of {boxes:,} boxes do not fit into their images; read as {name}, "
                    f"{'all' if fitting == boxes else f'{fitting:,}'} do",
                    "write the boxes anew as the format has them; or is the images' size wrong?",
                )


def _fits(box: Box, image: Image) -> bool:
    x0, y0, x1, y1 = box
    return (
        -_SLACK <= x0 < x1 <= image.width + _SLACK and -_SLACK <= y0 < y1 <= image.height + _SLACK
    )
