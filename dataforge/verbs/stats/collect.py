"""Objects as numbers: taken from the images where they are read, and added up where they arrive.

    worker: image ─► 56 bytes an object ─► parent: folded into sums, a batch at a time

No record travels, and what the parent keeps does not grow with the number of objects.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataforge.classes import Resolver
from dataforge.datasets import Fact
from dataforge.geometry import training_scale
from dataforge.records import Image, Mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SMALL, MEDIUM = 32.0**2, 96.0**2
"""px²: COCO's small objects are below the first, and its medium ones below the second."""

GRID = 32
"""Rows and columns of the positions."""

SIDE_EDGES = [2 ** (step / 2) for step in range(25)]
"""Pixels: from 1 to 4096, two parts an octave."""

RATIO_EDGES = [2 ** (step / 4) for step in range(-16, 17)]
"""From 1:16 to 16:1, four parts an octave."""

BELOW = (8.0, 16.0, 32.0)
"""Pixels at the input size."""

MOST_SAMPLED = 1_000_000
"""Objects whose sizes are kept for quantiles."""

_BATCH = 1 << 16
"""Objects that are folded at once."""

_CROWD, _DIFFICULT, _OUTLINE, _MASK = 1, 2, 4, 8
_COLUMNS = 7


class Objects:
    """A step of a survey: the numbers of an image's objects, as bytes.

    Args:
        resolver: objects whose label means no class do not count.
    """

    key = "objects"

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def image(self, image: Image) -> Iterator[Image | Fact]:
        fact = objects_of(image, lambda label: self._resolver.same(label) is not None)
        yield image
        if fact is not None:
            yield fact


def objects_of(image: Image, is_class: Callable[[str], bool]) -> Fact | None:
    """The numbers of an image's objects, as `Sums` takes them; None if there are no objects.

    Args:
        image: any.
        is_class: whether objects with a label, as written, count; asked once for each label.
    """
    width, height = image.width, image.height
    scale = training_scale(width, height) if width > 0 and height > 0 else math.nan
    labels: dict[str, int] = {}
    left_out: set[str] = set()
    values: list[float] = []
    for instance in image.instances:
        number = labels.get(instance.label)
        if number is None:
            if instance.label in left_out:
                continue
            if not is_class(instance.label):
                left_out.add(instance.label)
                continue
            number = labels[instance.label] = len(labels)
        x0, y0, x1, y1 = instance.box
        flags = _CROWD * instance.iscrowd + _DIFFICULT * instance.difficult
        if instance.shape is not None:
            flags += _MASK if isinstance(instance.shape, Mask) else _OUTLINE
        if width > 0 and height > 0:
            x, y = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
        else:
            x = y = math.nan
        values += (16 * number + flags, instance.area, x1 - x0, y1 - y0, x, y, scale)
    if not values:
        return None
    return Fact(Objects.key, [[*labels], array("d", values).tobytes()])


class Parts(NamedTuple):
    """The parts of the histograms that the objects of an image are counted in.

    Attributes:
        sides, ratios: bit n is set for part n, see `SIDE_EDGES` and `RATIO_EDGES`.
        cells: numbers of positions, row by row, see `GRID`.
    """

    sides: int
    ratios: int
    cells: frozenset[int]


def parts_of(fact: Fact | None) -> Parts:
    """Where `Sums` counts the objects of an image.

    Args:
        fact: that `objects_of` gave.
    """
    sides = ratios = 0
    cells: set[int] = set()
    values = array("d", fact.value[1] if fact is not None else b"")
    for start in range(0, len(values), _COLUMNS):
        area, width, height, x, y = values[start + 1 : start + 6]
        sides |= 1 << _part(math.sqrt(max(area, 0)), SIDE_EDGES)
        if width > 0 and height > 0:
            ratios |= 1 << _part(width / height, RATIO_EDGES)
        if 0 <= x <= 1 and 0 <= y <= 1:
            column, row = (min(int(share * GRID), GRID - 1) for share in (x, y))
            cells.add(row * GRID + column)
    return Parts(sides, ratios, frozenset(cells))


def _part(value: float, edges: Sequence[float]) -> int:
    """The part of a histogram that counts a value."""
    return min(max(bisect_right(edges, value) - 1, 0), len(edges) - 2)


class Sums:
    """What the objects of a dataset add up to.

    Attributes:
        labels: label -> its row in `by_label`.
        by_label: columns small, medium, large, crowd, difficult.
        area_of: objects with a box only, an outline, a mask.
        sides, ratios: numbers between `SIDE_EDGES` and `RATIO_EDGES`.
        positions: (GRID, GRID), row by row from the top.
        below: of objects that a detector sees, those below each of `BELOW`.
        seen: number of objects that a detector sees: no crowds, boxes of some width and height.
    """

    def __init__(self) -> None:
        import numpy as np

        self.labels: dict[str, int] = {}
        self.by_label = np.zeros((0, 5), np.int64)
        self.area_of = np.zeros(3, np.int64)
        self.sides = np.zeros(len(SIDE_EDGES) - 1, np.int64)
        self.ratios = np.zeros(len(RATIO_EDGES) - 1, np.int64)
        self.positions = np.zeros((GRID, GRID), np.int64)
        self.below = np.zeros(len(BELOW), np.int64)
        self.seen = 0
        self._sample = _Sample()
        self._rows: list[bytes] = []
        self._labels: list[list[int]] = []
        self._waiting = 0

    def take(self, facts: Sequence[Fact]) -> None:
        """Add the objects of an image."""
        for fact in facts:
            labels, data = fact.value
            known = self.labels
            self._labels.append([known.setdefault(label, len(known)) for label in labels])
            self._rows.append(data)
            self._waiting += len(data)
        if self._waiting >= 8 * _COLUMNS * _BATCH:
            self._fold()

    @property
    def sample(self) -> npt.NDArray[np.float64]:
        """(area, width, height, scale, flags) of the objects, or of an even part of them."""
        self._fold()
        return self._sample.rows

    def done(self) -> Sums:
        """All that was taken is added up."""
        self._fold()
        return self

    def _fold(self) -> None:
        import numpy as np

        if not self._rows:
            return
        of = np.frombuffer(b"".join(self._rows)).reshape(-1, _COLUMNS)
        numbers, area, width, height, x, y, scale = of.T
        local, flags = np.divmod(numbers.astype(np.int64), 16)
        counts = [len(data) // (8 * _COLUMNS) for data in self._rows]
        starts = np.cumsum([0, *map(len, self._labels[:-1])])
        joined = np.array([row for rows in self._labels for row in rows], np.int64)
        label = joined[np.repeat(starts, counts) + local]
        self._rows, self._labels, self._waiting = [], [], 0

        size = np.searchsorted([SMALL, MEDIUM], area, "right")
        self._grow(len(self.labels))
        for column in range(3):
            self._count(label[size == column], column)
        self._count(label[flags & _CROWD > 0], 3)
        self._count(label[flags & _DIFFICULT > 0], 4)
        kind = np.where(flags & _MASK, 2, np.where(flags & _OUTLINE, 1, 0))
        self.area_of += np.bincount(kind, minlength=3)

        self.sides += _histogram(np.sqrt(np.maximum(area, 0)), SIDE_EDGES)
        whole = (width > 0) & (height > 0)
        self.ratios += _histogram(width[whole] / height[whole], RATIO_EDGES)
        inside = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        column, row = (np.minimum(v[inside] * GRID, GRID - 1).astype(np.intp) for v in (x, y))
        cells = np.bincount(row * GRID + column, minlength=GRID * GRID)
        self.positions += cells.reshape(GRID, GRID)

        trained = whole & (flags & _CROWD == 0) & (scale > 0)
        side = np.sqrt(width[trained] * height[trained]) * scale[trained]
        self.seen += len(side)
        self.below += [int((side < most).sum()) for most in BELOW]
        self._sample.add(np.column_stack((area, width, height, scale, flags)))

    def _grow(self, rows: int) -> None:
        import numpy as np

        if rows > len(self.by_label):
            more = np.zeros((max(rows - len(self.by_label), len(self.by_label)), 5), np.int64)
            self.by_label = np.concatenate((self.by_label, more))

    def _count(self, labels: npt.NDArray[np.int64], column: int) -> None:
        import numpy as np

        self.by_label[:, column] += np.bincount(labels, minlength=len(self.by_label))


def is_crowd(flags: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of a sample's objects are crowds."""
    crowds: npt.NDArray[np.bool_] = flags.astype(int) & _CROWD > 0
    return crowds


class _Sample:
    """All rows up to `MOST_SAMPLED`; then every second, fourth ... of those that were added.

    Which ones depends on their order alone.
    """

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._kept = 0
        self._step = 1
        self._next = 0  # position, in what will be added, of the next row that is kept

    def add(self, rows: npt.NDArray[np.float64]) -> None:
        kept = rows[self._next :: self._step]
        self._next += len(kept) * self._step - len(rows)
        self._parts.append(kept)
        self._kept += len(kept)
        while self._kept > MOST_SAMPLED:
            whole = self.rows
            odd = len(whole) % 2
            self._parts = [whole[::2]]
            self._next += self._step * odd
            self._step *= 2
            self._kept = len(self._parts[0])

    @property
    def rows(self) -> npt.NDArray[np.float64]:
        """What is kept, in order."""
        import numpy as np

        if not self._parts:
            return np.zeros((0, 5))
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        only: npt.NDArray[np.float64] = self._parts[0]
        return only


def _histogram(values: npt.NDArray[np.float64], edges: Sequence[float]) -> Any:
    """Numbers of values between edges; those beyond count in the first and last part."""
    import numpy as np

    part = np.searchsorted(edges, values, "right") - 1
    return np.bincount(np.clip(part, 0, len(edges) - 2), minlength=len(edges) - 1)
