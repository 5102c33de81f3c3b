"""Boxes whose four numbers are not in the order or units of their format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.records import Box, Image, Instance

_FEWEST = 4
_WRONG = 0.05  # of the boxes; fewer may be drawn like that
_FIT = 0.995  # of the boxes, read in another way
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


class Check(base.Check):
    """Counts how many boxes fit into their images, as read and in other ways."""

    formats = ("coco", "labelme", "voc", "yolo")

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        """[file, boxes, those within the first pixel, those that do not fit, those that would]."""
        form = self.data.format
        if not image.instances:
            return
        boxes = [_as_written(form, instance) for instance in image.instances]
        tiny = sum(min(numbers) >= 0 and max(numbers) <= 1 for numbers in boxes)
        # YOLO's numbers are fractions of the image size.
        unit = (image.width, image.height) if form == "yolo" else (1, 1)
        if form == "yolo":
            w, h = unit
            boxes = [(a / w, b / h, c / w, d / h) for a, b, c, d in boxes]
        wrong = len(boxes) - _number_that_fit(_AS_IT_IS[form], boxes, unit, image)
        otherwise = [
            _number_that_fit(reading, boxes, unit, image) for reading in _READINGS[form].values()
        ]
        source = image.source if form == "coco" else "."
        yield self.fact([source, len(boxes), tiny, wrong, otherwise])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        names = [*_READINGS.get(self.data.format, ())]
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * (3 + len(names)))
        for source, boxes, tiny, wrong, otherwise in facts.of(self.name):
            own = (boxes, tiny, wrong, *otherwise)
            counts[source] = [a + b for a, b in zip(counts[source], own, strict=True)]
        for source, (boxes, tiny, wrong, *otherwise) in counts.items():
            if boxes < _FEWEST:
                continue
            if tiny == boxes and self.data.format != "yolo":
                message = f"all {boxes:,} boxes lie within the first pixel"
                remedy = "multiply the numbers by the width and height of the image"
                yield self.finding(Place(source), message, remedy)
            fitting = max(otherwise)
            if wrong >= max(_FEWEST, _WRONG * boxes) and fitting >= _FIT * boxes:
                yield self.finding(
                    Place(source),
                    f"{wrong:,} of {boxes:,} boxes do not fit into their images; read as "
                    f"{names[otherwise.index(fitting)]}, "
                    f"{'all' if fitting == boxes else f'{fitting:,}'} do",
                    "write the boxes in the order of the format, or correct the image sizes",
                )


def _as_written(form: str, instance: Instance) -> Box:
    """The four numbers in the order of the format, pixels."""
    x0, y0, x1, y1 = instance.box
    if form == "coco":
        return x0, y0, x1 - x0, y1 - y0
    if form == "yolo":
        return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
    # VOC's reader keeps the original of corners that it put in order.
    a, b, c, d = instance.extra.get("voc", {}).get("bbox", instance.box)
    return a, b, c, d


def _number_that_fit(
    reading: _Reading, boxes: Iterable[Box], unit: tuple[int, int], image: Image
) -> int:
    """How many boxes fit into their image if their numbers, in units, are read in a way."""
    w, h = unit
    most_x, most_y = image.width + _SLACK, image.height + _SLACK
    number = 0
    for a, b, c, d in boxes:
        x0, y0, x1, y1 = reading(a, b, c, d)
        number += -_SLACK <= x0 * w < x1 * w <= most_x and -_SLACK <= y0 * h < y1 * h <= most_y
    return number
