"""Shards of a page: the thumbnails of some images, and the files with what is drawn on them."""

from __future__ import annotations

import io
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.datasets import Fact, collected_later, decode_images
from dataforge.errors import OutputError, ParseError
from dataforge.findings import Severity
from dataforge.io import MAX_COORDINATE, Root
from dataforge.pages import Picture, picture, write_script
from dataforge.records import Image, Instance, Keypoints, Mask, Polygons
from dataforge.verbs.browse.located import ByFile, Located, located
from dataforge.verbs.browse.predicted import Predicted
from dataforge.verbs.evaluate import Detected
from dataforge.verbs.stats import GRID, objects_of, parts_of

IN_CHUNK = 50
"""Images whose objects are in one file, at most."""

CELLS = 16
"""Columns and rows of the positions on the page."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

_CROWD, _DIFFICULT, _PREDICTED = 1, 2, 4


class Task(NamedTuple):
    """A shard to draw.

    Attributes:
        number: of the shard.
        images: encoded.
        splits: of each image; None for one that is left out.
    """

    number: int
    images: bytes
    splits: list[list[str] | None]


class Row(NamedTuple):
    """What the page knows of an image at once.

    Attributes:
        name: of the file.
        size: (width, height) as displayed, pixels; as annotated if it cannot be opened.
        splits: names.
        counts: class, number of its objects, class ...
        sizes: whether it has small, medium and large objects: bits 0, 1 and 2.
        codes: of its findings, by number, each once.
        shown: 0 if there is no picture, 1 for a thumbnail and the original, 2 for a copy, too.
        boxes: (label, box) of each object, for a comparison; else empty.
        sides, ratios: parts of the charts of its objects, see `dataforge.verbs.stats.Parts`.
        cells: two hexadecimal digits for each part of the image that has the centre of an object:
            column and row of `CELLS`.
    """

    name: str
    size: tuple[int, int]
    splits: list[str]
    counts: list[int]
    sizes: int
    codes: list[int]
    shown: int
    boxes: list[tuple[str, tuple[float, float, float, float]]]
    sides: int = 0
    ratios: int = 0
    cells: str = ""


class Drawn(NamedTuple):
    """What a worker returns for a shard.

    Attributes:
        rows: of each chunk, by its name.
        located: numbers of the findings that are on an image of the shard.
        objects: of each image, measured for the charts; None if it has none.
    """

    rows: list[tuple[str, list[Row]]]
    located: list[int]
    objects: list[Fact | None]


class DrawShard:
    """Draws shards; each writes files of its own.

    Args:
        root: the folder that the images' names are relative to.
        extract: the image inside an annotation file, if its own file is missing.
        home: existing folder to write to.
        side: which of two datasets: ``a`` or ``b``.
        findings: on the dataset.
        codes: code -> its number.
        classes: label as written -> number of its class.
        count: number of classes; what has a higher number is none, and is drawn, but not measured.
        copies: write scaled copies of all images.
        boxes: return the boxes for a comparison.
        predicted: what a detector found.
    """

    def __init__(
        self,
        root: Root,
        extract: Callable[[str], bytes],
        home: Path,
        side: str,
        findings: ByFile,
        codes: Mapping[str, int],
        classes: Mapping[str, int],
        count: int,
        *,
        copies: bool,
        boxes: bool,
        predicted: Predicted,
    ) -> None:
        self.root = root
        self.extract = extract
        self.home = home
        self.side = side
        self.findings = findings
        self.codes = codes
        self.classes = classes
        self.count = count
        self.copies = copies
        self.boxes = boxes
        self.predicted = predicted

    @collected_later
    def __call__(self, task: Task) -> Drawn:
        if not self.home.is_dir():
            raise OutputError(
                f"{self.home.name}: does not exist on {platform.node()}; all machines that draw a "
                "page must see it at the same path"
            )
        pairs = zip(decode_images(task.images), task.splits, strict=True)
        kept = [(image, splits) for image, splits in pairs if splits is not None]
        found = located([image for image, _ in kept], self.findings)
        rows: list[tuple[str, list[Row]]] = []
        objects = [objects_of(image, self._is_class) for image, _ in kept]
        for part, start in enumerate(range(0, len(kept), IN_CHUNK)):
            name = f"{self.side}{task.number:06}-{part:03}"
            chunk = range(start, min(start + IN_CHUNK, len(kept)))
            made = [
                self._draw(*kept[at], found[at], objects[at], f"{name}/{at - start}")
                for at in chunk
            ]
            rows.append((name, [row for row, _ in made]))
            shapes = [shapes for _, shapes in made]
            write_script(self.home / "data" / f"{name}.js", "chunk", name, shapes)
        return Drawn(rows, sorted({one.number for of_one in found for one in of_one}), objects)

    def _is_class(self, label: str) -> bool:
        return self.classes[label] < self.count

    def _draw(
        self,
        image: Image,
        splits: list[str],
        found: Sequence[Located],
        objects: Fact | None,
        place: str,
    ) -> tuple[Row, dict[str, Any]]:
        """The row of an image, and what its chunk says of it."""
        made = self._picture(image)
        if made.thumbnail:
            _write(self.home / "thumbs" / f"{place}.jpg", made.thumbnail)
        if made.copy:
            _write(self.home / "images" / f"{place}.jpg", made.copy)
        counts: dict[int, int] = {}
        for instance in image.instances:
            number = self.classes[instance.label]
            counts[number] = counts.get(number, 0) + 1
        row = Row(
            image.file_name,
            made.size or (image.width, image.height),
            splits,
            [number for pair in sorted(counts.items()) for number in pair],
            _sizes(image),
            sorted({self.codes[one.finding.code] for one in found}),
            (2 if made.copy else 1) if made.thumbnail else 0,
            [(one.label, one.box) for one in image.instances] if self.boxes else [],
            *_parts(objects),
        )
        shapes: dict[str, Any] = {
            "o": [self._shape(instance) for instance in image.instances],
            "f": [self._finding(one) for one in found],
        }
        if predicted := self.predicted.of(image):
            shapes["r"] = [self._predicted(one) for one in predicted]
        if made.fault:
            shapes["x"] = made.fault[:500]
        if image.place.file != image.file_name:
            shapes["p"] = str(image.place)
        return row, shapes

    def _picture(self, image: Image) -> Picture:
        copy = self.copies or self.root.remote
        try:
            if self.root.exists(image.file_name):
                with self.root.open(image.file_name) as stream:
                    return picture(stream, copy=copy)
            return picture(io.BytesIO(self.extract(image.place.file)), copy=True)
        except (ParseError, NotImplementedError):
            return Picture(fault="the image file does not exist")
        except OSError as error:
            return Picture(fault=error.strerror or str(error))

    def _shape(self, instance: Instance) -> list[Any]:
        """Class, box, flags, the outline or mask if there is one, and keypoints if there are."""
        flags = _CROWD * instance.iscrowd + _DIFFICULT * instance.difficult
        made: list[Any] = [self.classes[instance.label], _rounded(instance.box), flags]
        if isinstance(instance.shape, Polygons):
            made.append([_rounded(ring) for ring in instance.shape.rings])
        elif isinstance(instance.shape, Mask):
            made.append([*instance.shape.size_hw, instance.shape.counts])
        if instance.keypoints:
            made += [None] * (len(made) < 4)
            made.append(_points(instance.keypoints))
        return made

    def _predicted(self, one: Detected) -> list[Any]:
        """As `_shape`, without keypoints, and with the score at the end."""
        label = self.classes[self.predicted.classes[one.label]]
        mask = one.mask and [*one.mask["size"], one.mask["counts"].decode()]
        return [label, _rounded(one.box), _PREDICTED, mask or 0, 0, round(one.score, 4)]

    def _finding(self, one: Located) -> list[Any]:
        """Code, severity, message, remedy, place and object."""
        finding = one.finding
        severity = SEVERITIES.index(finding.severity)
        message = finding.message if one.place == finding.place else ""
        code = self.codes[finding.code]
        return [
            code,
            severity,
            message or finding.said,
            finding.remedy,
            str(one.place),
            one.instance,
        ]


def _sizes(image: Image) -> int:
    """Which sizes its objects have, as COCO distinguishes them; see `Row`."""
    bits = 0
    for instance in image.instances:
        bits |= 1 if instance.area < 32**2 else 2 if instance.area < 96**2 else 4
    return bits


def _parts(objects: Fact | None) -> tuple[int, int, str]:
    """Sides, ratios and cells of a row."""
    parts = parts_of(objects)
    coarse = GRID // CELLS
    cells = {(at % GRID // coarse, at // GRID // coarse) for at in parts.cells}
    return parts.sides, parts.ratios, "".join(f"{x:x}{y:x}" for x, y in sorted(cells))


def _rounded(numbers: Sequence[float]) -> list[float]:
    """To a hundredth of a pixel; whole numbers without a point."""
    return [*_shortest(numbers)]


def _shortest(numbers: Sequence[float]) -> Iterator[float]:
    for number in numbers:
        short = round(number, 2)
        yield int(short) if short == int(short) else short


def _points(keypoints: Keypoints) -> list[float]:
    """x, y and visibility of each: 0 for what is not drawn, 1 if it is hidden, else 2."""
    found: list[float] = []
    for x, y, visibility in zip(*(keypoints[at::3] for at in range(3)), strict=True):
        if visibility > 0 and max(abs(x), abs(y)) < MAX_COORDINATE:
            found += (*_rounded((x, y)), 1 if visibility == 1 else 2)
        else:
            found += (0, 0, 0)
    return found


def _write(path: Path, data: bytes) -> None:
    """Write a file of the page that is being made."""
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
