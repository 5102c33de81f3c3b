"""What the numbers advise, each with the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.errors import first_of, plural, shortened
from dataforge.verbs.stats.report import Advice, AnchorFit, Stats

_FEW_PIXELS = 16
"""Two cells of the finest level of a feature pyramid (stride 8 after the stem's pooling is 4; the
region of interest is pooled to 7 x 7 from there): below, there is little to tell classes by."""

_MANY = 0.1
"""Share of the objects."""

_TILES = 2.0
"""Factor of the input size from which tiles cost less than larger images."""

_ENOUGH = 64
"""Pixels: if nine of ten objects have more at the input size, half of it leaves them 32."""

_LONGEST_NAME = 60

_FEW_IMAGES = 10
"""A fifth of them, as in a usual split, is two images: too few for an AP that means anything."""


def advice_on(stats: Stats, smallest_tenth: float) -> Iterator[Advice]:
    """What to do.

    Args:
        stats: the numbers.
        smallest_tenth: a tenth of the objects has a smaller side at the input size, pixels.
    """
    yield from _input_size(stats, smallest_tenth)
    yield from _anchors(stats)
    yield from _rare_classes(stats)


def _input_size(stats: Stats, smallest_tenth: float) -> Iterator[Advice]:
    seen = stats.input_size
    if not seen.objects or smallest_tenth <= 0:
        return
    long, short = seen.size
    below = seen.below_16 / seen.objects
    evidence = {
        "objects": seen.objects,
        "below_8": seen.below_8,
        "below_16": seen.below_16,
        "smallest_tenth": round(smallest_tenth, 1),
        "median_scale": round(seen.scale.median, 3),
    }
    if below > _MANY:
        factor = _FEW_PIXELS / smallest_tenth
        larger = f"{_rounded(long * factor)}x{_rounded(short * factor)}"
        how = (
            f"train at {larger}, where nine of ten are larger than that"
            if factor <= _TILES
            else "cut the images into tiles, or annotate what a person could recognise only"
        )
        yield Advice(
            topic="input-size",
            text=f"{below:.0%} of the objects are smaller than {_FEW_PIXELS} px when images are "
            f"scaled to {long}x{short}: {how}",
            evidence=evidence,
        )
    elif smallest_tenth >= _ENOUGH:
        yield Advice(
            topic="input-size",
            text=f"nine of ten objects are larger than {smallest_tenth:.0f} px when images are "
            f"scaled to {long}x{short}: {(long + 1) // 2}x{(short + 1) // 2} has a quarter of the "
            f"pixels, and leaves them {smallest_tenth / 2:.0f} px",
            evidence=evidence,
        )


def _rounded(pixels: float) -> int:
    """A multiple of 32, as feature pyramids want, not smaller."""
    return int(-(-pixels // 32) * 32)


def _anchors(stats: Stats) -> Iterator[Advice]:
    anchors = stats.anchors
    if anchors is None or anchors.suggested is None:
        return
    default, best = anchors.default, anchors.suggested
    yield Advice(
        topic="anchors",
        text=f"the default anchors fit {default.recall_50:.1%} of the boxes with an IoU of at "
        f"least 0.5 (mean of the best IoU {default.mean_best_iou:.2f}); scales=[{best.scale:g}], "
        f"ratios={best.ratios} fit {best.recall_50:.1%} ({best.mean_best_iou:.2f})",
        evidence={
            "boxes": anchors.boxes,
            "default": _numbers(default),
            "suggested": _numbers(best),
        },
    )


def _numbers(fit: AnchorFit) -> dict[str, float]:
    return {
        "recall_50": round(fit.recall_50, 4),
        "mean_best_iou": round(fit.mean_best_iou, 4),
    }


def _rare_classes(stats: Stats) -> Iterator[Advice]:
    splits = max(2, len(stats.splits))
    images = {name: own.images for name, own in stats.classes.items() if own.images}
    if len(images) < 2 and stats.images < _FEW_IMAGES:
        return  # there is nothing that is rarer than all of it
    never = [name for name, number in images.items() if number < splits]
    if never:
        yield Advice(
            topic="rare-classes",
            text=f"{plural(len(never), 'class')} in fewer images than there are splits "
            f"({_named(never)}): one split has none of them; annotate more, or leave them out "
            "with --drop",
            evidence={"images": {name: images[name] for name in never}, "splits": splits},
        )
    few = [name for name, number in images.items() if splits <= number < _FEW_IMAGES]
    if few:
        yield Advice(
            topic="rare-classes",
            text=f"{plural(len(few), 'class')} in fewer than {_FEW_IMAGES} images "
            f"({_named(few)}): a fifth of them for validation is too few to measure; split with "
            "--stratify, and annotate more",
            evidence={"images": {name: images[name] for name in few}, "splits": splits},
        )


def _named(names: Sequence[str]) -> str:
    return first_of(shortened(name, _LONGEST_NAME) for name in names)
