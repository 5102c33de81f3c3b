"""Which image goes to which split, reproducibly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from dataforge.errors import UsageError


def parse_ratios(text: str) -> dict[str, float]:
    """``train=0.8,val=0.2`` as a dict.

    Raises:
        UsageError: not of that form, a ratio not above 0, or a sum that is not 1.
    """
    ratios: dict[str, float] = {}
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        try:
            ratios[name] = float(number)
        except ValueError:
            raise UsageError(f"--split {text}: want name=ratio, got {item!r}") from None
        if not name.replace("_", "").replace("-", "").isalnum():
            raise UsageError(f"--split {text}: {name!r} cannot be a split's name")
        if not ratios[name] > 0:
            raise UsageError(f"--split {text}: the ratio of {name} must be above 0")
    if abs(sum(ratios.values()) - 1) > 1e-6:
        raise UsageError(f"--split {text}: the ratios add up to {sum(ratios.values()):g}, not to 1")
    return ratios


def assign(names: Iterable[str], ratios: Mapping[str, float], seed: int) -> dict[str, str]:
    """Image -> split, exact in number up to rounding (largest remainder, at least one each).

    The order is that of a keyed hash of each name, so it depends on the names and the seed alone:
    not on the machine, the Python version or the order of the files.

    >>> sorted(assign("abcde", {"train": 0.8, "val": 0.2}, seed=0).values())
    ['train', 'train', 'train', 'train', 'val']

    Raises:
        UsageError: fewer images than splits.
    """
    key = str(seed).encode()
    ranked = sorted(
        set(names), key=lambda name: (hashlib.blake2b(name.encode(), key=key).digest(), name)
    )
    if len(ranked) < len(ratios):
        raise UsageError(f"{len(ranked)} images cannot fill {len(ratios)} splits")
    counts = _counts(len(ranked), ratios)
    splits = [split for split, count in counts.items() for _ in range(count)]
    return dict(zip(ranked, splits, strict=True))


def _counts(total: int, ratios: Mapping[str, float]) -> dict[str, int]:
    counts = {split: max(1, int(total * ratio)) for split, ratio in ratios.items()}
    by_remainder = sorted(ratios, key=lambda split: total * ratios[split] - counts[split])
    while sum(counts.values()) < total:
        counts[by_remainder.pop()] += 1
    while sum(counts.values()) > total:
        counts[max(counts, key=lambda split: counts[split])] -= 1
    return counts
