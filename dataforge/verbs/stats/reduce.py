"""From what a pass found to the numbers of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dataforge.classes import Classes
from dataforge.datasets import Seen
from dataforge.geometry import TRAINING_SIZE, training_scale
from dataforge.verbs.stats.advice import advice_on
from dataforge.verbs.stats.anchors import fit_anchors
from dataforge.verbs.stats.collect import RATIO_EDGES, SIDE_EDGES, Sums, is_crowd
from dataforge.verbs.stats.report import (
    Areas,
    ClassInSplit,
    ClassStats,
    Histogram,
    ImageSize,
    InputSize,
    Quantiles,
    SplitStats,
    Stats,
    Together,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MOST_SIZES = 100
_MOST_CLASSES = 200
_MOST_PAIRS = 1_000
_IMAGES_AT_ONCE = 4_096


def reduced(path: str, images: Sequence[Seen], sums: Sums, classes: Classes, format_: str) -> Stats:
    """The report, without findings.

    Args:
        path: as given.
        images: that count.
        sums: their objects.
        classes: the final classes.
        format_: that was read.
    """
    sums.done()
    stats = Stats(
        path=path,
        root=".",
        format=format_,
        sides=Histogram(edges=SIDE_EDGES, counts=sums.sides.tolist()),
        aspect_ratios=Histogram(edges=RATIO_EDGES, counts=sums.ratios.tolist()),
        input_size=InputSize(size=TRAINING_SIZE),
        positions=sums.positions.tolist(),
    )
    stats.classes = {name: ClassStats() for name in classes.names}
    _count_images(stats, images, classes)
    _count_objects(stats, sums, classes)
    _measure(stats, sums)
    stats.advice = [*advice_on(stats, _smallest_tenth(sums))]
    return stats


def _count_images(stats: Stats, images: Sequence[Seen], classes: Classes) -> None:
    """Images, and what is known of each image as a whole."""
    sizes: Counter[tuple[int, int]] = Counter()
    by_objects: Counter[int] = Counter()
    sets: list[list[str]] = []
    for seen in images:
        counts = classes.counts(seen.instances)
        number = sum(counts.values())
        split = stats.splits.setdefault(seen.split or "all", SplitStats())
        split.images += 1
        split.objects += number
        split.images_without_objects += not number
        sizes[seen.size] += 1
        by_objects[number] += 1
        sets.append([*counts])
        for name, count in counts.items():
            of_class = stats.classes[name]
            here = of_class.splits.setdefault(seen.split or "all", ClassInSplit())
            of_class.objects += count
            of_class.images += 1
            here.objects += count
            here.images += 1
    stats.images = len(images)
    stats.objects = sum(split.objects for split in stats.splits.values())
    stats.images_without_objects = by_objects[0]
    stats.images_by_objects = {number: by_objects[number] for number in sorted(by_objects)}
    stats.objects_per_image = _weighted(by_objects)
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    stats.image_sizes = [
        ImageSize(width=width, height=height, images=number)
        for (width, height), number in ranked[:_MOST_SIZES]
    ]
    stats.other_image_sizes = max(0, len(ranked) - _MOST_SIZES)
    widths, heights, scales = Counter[float](), Counter[float](), Counter[float]()
    for (width, height), number in ranked:
        widths[width] += number
        heights[height] += number
        if width > 0 and height > 0:
            scales[training_scale(width, height)] += number
    stats.image_width, stats.image_height = _weighted(widths), _weighted(heights)
    stats.input_size.scale = _weighted(scales)
    stats.together = _together(sets, stats)


def _count_objects(stats: Stats, sums: Sums, classes: Classes) -> None:
    for label, row in sums.labels.items():
        name = classes.of(label)
        if name is None:
            continue
        own = stats.classes[name]
        numbers: list[int] = sums.by_label[row].tolist()
        own.small += numbers[0]
        own.medium += numbers[1]
        own.large += numbers[2]
        own.crowd += numbers[3]
        own.difficult += numbers[4]
    for own in stats.classes.values():
        stats.small += own.small
        stats.medium += own.medium
        stats.large += own.large
        stats.crowd += own.crowd
        stats.difficult += own.difficult
    box, outline, mask = sums.area_of.tolist()
    stats.area_of = Areas(box=box, outline=outline, mask=mask)
    stats.input_size.objects = sums.seen
    below_8, below_16, below_32 = sums.below.tolist()
    stats.input_size.below_8 = below_8
    stats.input_size.below_16 = below_16
    stats.input_size.below_32 = below_32


def _measure(stats: Stats, sums: Sums) -> None:
    """Quantiles, and anchors."""
    import numpy as np

    area, width, height, _, _ = sums.sample.T
    stats.measured = len(area)
    stats.side = _quantiles(np.sqrt(np.maximum(area, 0)))
    whole = (width > 0) & (height > 0)
    stats.aspect_ratio = _quantiles(width[whole] / height[whole])
    boxes = _trained(sums)
    stats.input_size.side = _quantiles(np.sqrt(boxes.prod(axis=1)))
    stats.anchors = fit_anchors(boxes)


def _smallest_tenth(sums: Sums) -> float:
    """A tenth of the objects that a detector sees has a smaller side at the input size, pixels."""
    import numpy as np

    boxes = _trained(sums)
    return float(np.quantile(np.sqrt(boxes.prod(axis=1)), 0.1)) if len(boxes) else 0.0


def _trained(sums: Sums) -> npt.NDArray[np.float64]:
    """(width, height) of the boxes that a detector sees, pixels at the input size."""
    import numpy as np

    _, width, height, scale, flags = sums.sample.T
    trained = (width > 0) & (height > 0) & ~is_crowd(flags) & (scale > 0)
    boxes: npt.NDArray[np.float64] = np.column_stack((width * scale, height * scale))[trained]
    return boxes


def _quantiles(values: npt.NDArray[np.float64]) -> Quantiles:
    import numpy as np

    if not len(values):
        return Quantiles()
    least, quarter, median, three_quarters, most = np.quantile(
        values, (0, 0.25, 0.5, 0.75, 1)
    ).tolist()
    return Quantiles(
        least=least,
        quarter=quarter,
        median=median,
        three_quarters=three_quarters,
        most=most,
        mean=float(values.mean()),
    )


def _weighted(counts: Mapping[int, int] | Mapping[float, int]) -> Quantiles:
    """Of numbers, each of which occurs so many times."""
    import numpy as np

    values, numbers = zip(*sorted(counts.items()), strict=True) if counts else ((), ())
    return _quantiles(np.repeat(np.array(values, np.float64), np.array(numbers, np.intp)))


def _together(sets: Sequence[Sequence[str]], stats: Stats) -> list[Together]:
    """Pairs of classes in the same images, the most frequent first."""
    import numpy as np

    ranked = sorted(
        (name for name, own in stats.classes.items() if own.images),
        key=lambda name: -stats.classes[name].images,
    )
    rows = {name: row for row, name in enumerate(ranked[:_MOST_CLASSES])}
    common = np.zeros((len(rows), len(rows)), np.int64)
    for first in range(0, len(sets), _IMAGES_AT_ONCE):
        part = sets[first : first + _IMAGES_AT_ONCE]
        present = np.zeros((len(part), len(rows)), np.float32)
        for image, names in enumerate(part):
            present[image, [rows[name] for name in names if name in rows]] = 1
        common += np.rint(present.T @ present).astype(np.int64)
    one, other = np.nonzero(np.triu(common, 1))
    pairs = sorted(zip((-common[one, other]).tolist(), one.tolist(), other.tolist(), strict=True))[
        :_MOST_PAIRS
    ]
    return [
        Together(classes=(ranked[row], ranked[column]), images=-number)
        for number, row, column in pairs
    ]
