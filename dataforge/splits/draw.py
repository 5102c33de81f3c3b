"""Sharing images out to splits: exact in number, whole groups, and by class if asked.

The order of a draw is that of a keyed hash of each name, so it depends on the names and the seed
alone: not on the machine, the Python version or the order of the files.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from dataforge.errors import UsageError, plural

Labels: TypeAlias = Mapping[str, Mapping[str, int]]
"""Image -> class -> number of instances."""


def parse_ratios(text: str, option: str = "--split") -> dict[str, float]:
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
            raise UsageError(f"{option} {text}: want name=ratio, got {item!r}") from None
        if not can_be_name(name):
            raise UsageError(f"{option} {text}: {name!r} cannot be a split's name")
        if not ratios[name] > 0:
            raise UsageError(f"{option} {text}: the ratio of {name} must be above 0")
    if abs(sum(ratios.values()) - 1) > 1e-6:
        raise UsageError(
            f"{option} {text}: the ratios add up to {sum(ratios.values()):g}, not to 1"
        )
    return ratios


def can_be_name(name: str) -> bool:
    """Whether a split may be called so; it becomes part of file names."""
    return name.replace("_", "").replace("-", "").isalnum()


def grouping(group_by: str | None) -> Callable[[str], str | None]:
    """A function from a name to its group's, None where it has none.

    >>> grouping(r"(video\\d+)_")("video7_0001.jpg")
    'video7'

    Raises:
        UsageError: it is no regular expression.
    """
    if group_by is None:
        return lambda name: None
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise UsageError(f"--group-by {group_by}: {error}") from error
    which = 1 if pattern.groups else 0

    def group(name: str) -> str | None:
        match = pattern.search(name)
        return match[which] if match else None

    return group


class _Unit:
    """Images that go to the same side."""

    def __init__(self, name: str, key: bytes) -> None:
        self.name = name
        self.size = 0
        self.labels: Counter[str] = Counter()
        # Names are UTF-8, but for those that another encoding's bytes are smuggled in.
        code = name.encode("utf-8", "surrogateescape")
        self.rank = hashlib.blake2b(code, key=key).digest(), name


def assign(
    names: Iterable[str],
    ratios: Mapping[str, float],
    seed: int,
    *,
    group: Callable[[str], str | None] = lambda name: None,
    labels: Labels | None = None,
    kept: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Image -> split, exact in number up to rounding (largest remainder, at least one each).

    Groups are not divided; the largest are placed first, and single images even out the numbers.

    >>> sorted(assign("abcde", {"train": 0.8, "val": 0.2}, seed=0).values())
    ['train', 'train', 'train', 'train', 'val']

    Args:
        names: of the images.
        ratios: split -> share.
        seed: of the order.
        group: name -> group, None for an image by itself.
        labels: share out the instances of each class, too, by iterative stratification.
        kept: images whose side stands; what comes new joins its group, or brings the numbers
            nearer to the ratios.

    Raises:
        UsageError: fewer images, or groups, than splits, and none of them kept.
    """
    kept = kept or {}
    present = set(names)
    sides = {name: kept[name] for name in sorted(present & kept.keys())}
    owners = _owners(kept, group)
    units: dict[str, _Unit] = {}
    unit_of: dict[str, _Unit] = {}
    key = str(seed).encode()
    for name in sorted(present - sides.keys()):
        group_name = group(name)
        if group_name in owners and group_name is not None:
            sides[name] = owners[group_name]
            continue
        # A separator that no path has keeps a group apart from an image of its name.
        unit_name = name if group_name is None else f"{group_name}\0"
        unit = units.setdefault(unit_name, _Unit(unit_name, key))
        unit.size += 1
        unit.labels.update((labels or {}).get(name, {}))
        unit_of[name] = unit
    if len(units) < len(ratios) and not kept:
        units_here = plural(len(units), "image" if len(units) == len(present) else "group")
        raise UsageError(f"{units_here} cannot fill {plural(len(ratios), 'split')}")
    sharing = _Sharing(ratios, sides, present, labels or {}, len(units))
    if labels is not None:
        sharing.stratify(units.values())
    sharing.fill(units.values())
    return sides | {name: sharing.side[unit.name] for name, unit in unit_of.items()}


def _owners(kept: Mapping[str, str], group: Callable[[str], str | None]) -> dict[str, str]:
    """Group -> the side that most of its images are on."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for name, side in kept.items():
        group_name = group(name)
        if group_name is not None:
            votes[group_name][side] += 1
    return {name: max(sorted(count), key=count.__getitem__) for name, count in votes.items()}


class _Sharing:
    """What each split still needs, and what has been given to it."""

    def __init__(
        self,
        ratios: Mapping[str, float],
        sides: Mapping[str, str],
        present: set[str],
        labels: Labels,
        units: int,
    ) -> None:
        self.side: dict[str, str] = {}
        self.ratios = ratios
        self.units_left = units
        placed = Counter(sides.values())
        counts = _counts(len(present), ratios)
        self.need = {split: counts[split] - placed[split] for split in ratios}
        self.empty = [split for split in ratios if not placed[split]]
        total: Counter[str] = Counter()
        there: dict[str, Counter[str]] = {split: Counter() for split in ratios}
        for name in sorted(present):
            total.update(labels.get(name, {}))
            if sides.get(name) in there:
                there[sides[name]].update(labels.get(name, {}))
        self.want = {
            split: {label: ratio * total[label] - there[split][label] for label in total}
            for split, ratio in ratios.items()
        }

    def stratify(self, units: Iterable[_Unit]) -> None:
        """Iterative stratification, weighted by the number of instances.

        The class with the fewest instances left is shared out first, each image of it to the
        split that lacks most of that class; ties go to the split that lacks most images. Source:
        Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011,
        algorithm 1. Unlike there, a split that has its images takes no more, and what a split
        lacks is measured in its share when half of the image is in it (Sainte-Laguë's way to
        round), so that each gets crowded and sparse images alike.
        """
        left: Counter[str] = Counter()
        having: dict[str, list[_Unit]] = defaultdict(list)
        for unit in units:
            left.update(unit.labels)
            for label in unit.labels:
                having[label].append(unit)
        while left:
            label = min(left, key=lambda label: (left[label], label))
            of_label = (unit for unit in having[label] if unit.name not in self.side)
            for unit in sorted(of_label, key=lambda unit: (-unit.labels[label], unit.rank)):
                self.give(unit, self.neediest(label, unit.labels[label]))
                left.subtract(unit.labels)
            del left[label]

    def neediest(self, label: str | None = None, number: int = 0) -> str:
        """The split that lacks most of a class, before so many of it come, or else of images."""
        if self.units_left <= len(self.empty):
            candidates = self.empty
        else:
            candidates = [split for split in self.need if self.need[split] > 0] or [*self.need]
        if label is None:
            return max(candidates, key=lambda split: self.need[split])

        def lacks(split: str) -> tuple[float, int]:
            share = (self.want[split][label] - number / 2) / self.ratios[split]
            return round(share, 9), self.need[split]  # rounded: what is equal on paper ties

        return max(candidates, key=lacks)

    def give(self, unit: _Unit, split: str) -> None:
        """Put a unit into a split."""
        self.side[unit.name] = split
        self.reserve(unit, split)

    def reserve(self, unit: _Unit, split: str) -> None:
        """Count a unit for a split."""
        self.units_left -= 1
        self.need[split] -= unit.size
        self.empty = [name for name in self.empty if name != split]
        for label, number in unit.labels.items():
            self.want[split][label] -= number

    def fill(self, units: Iterable[_Unit]) -> None:
        """Share out what is left: groups from the largest down, then image by image.

        The images stand in the order of their ranks and each split takes a run of them, so that
        an image more moves the borders by one at most.
        """
        rest = sorted(
            (unit for unit in units if unit.name not in self.side),
            key=lambda unit: (-unit.size, unit.rank),
        )
        for unit in rest:
            if unit.size > 1:
                self.give(unit, self.neediest())
        single = [unit for unit in rest if unit.size == 1]
        quota = dict.fromkeys(self.need, 0)
        for unit in single:
            split = self.neediest()
            quota[split] += 1
            self.reserve(unit, split)
        runs = [split for split, number in quota.items() for _ in range(number)]
        self.side |= {unit.name: split for unit, split in zip(single, runs, strict=True)}


def _counts(total: int, ratios: Mapping[str, float]) -> dict[str, int]:
    counts = {split: max(1, int(total * ratio)) for split, ratio in ratios.items()}
    by_remainder = sorted(ratios, key=lambda split: total * ratios[split] - counts[split])
    while sum(counts.values()) < total:
        counts[by_remainder.pop()] += 1
    while sum(counts.values()) > total:
        counts[max(counts, key=lambda split: counts[split])] -= 1
    return counts
