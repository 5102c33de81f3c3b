"""Assigning images to splits: exact counts, undivided groups, optionally stratified by class.

Images are ordered by a keyed hash of their names, so the order depends only on the names and the
seed, not on the machine, the Python version or the order of the files.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

from dataforge.errors import UsageError, plural

_MOST_EXCHANGED = 200
"""Groups up to which all pairs are tried; with more, the groups are small."""

ClassCounts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Image -> class -> number of instances."""


def grouping(group_by: str | None) -> Callable[[str], str | None]:
    """A function from an image's name to the name of its group, or None.

    >>> grouping(r"(video\\d+)_")("video7_0001.jpg")
    'video7'

    Raises:
        UsageError: `group_by` is not a valid regular expression.
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
    """Images that are assigned to the same split: one image or a group."""

    def __init__(self, name: str, key: bytes) -> None:
        self.name = name
        self.size = 0
        self.labels: Counter[str] = Counter()
        # A name may contain surrogates for bytes of another encoding.
        code = name.encode("utf-8", "surrogateescape")
        self.rank = hashlib.blake2b(code, key=key).digest(), name


def assign(
    names: Iterable[str],
    ratios: Mapping[str, float],
    seed: int,
    *,
    group: Callable[[str], str | None] = lambda name: None,
    labels: ClassCounts | None = None,
    kept: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Image -> split; counts are exact up to rounding (largest remainder, at least one each).

    Groups are not divided; the largest are assigned first, and single images balance the counts.

    >>> sorted(assign("abcde", {"train": 0.8, "val": 0.2}, seed=0).values())
    ['train', 'train', 'train', 'train', 'val']

    Args:
        names: names of the images.
        ratios: split -> share.
        seed: seed of the order.
        group: name -> group, None for an image without a group.
        labels: stratify by the instances of each class (iterative stratification).
        kept: image -> split that does not change; a new image joins its group, or brings the
            counts closer to the ratios.

    Raises:
        UsageError: there are fewer images or groups than splits, and none is kept.
    """
    kept = kept or {}
    present = set(names)
    placed = {name: kept[name] for name in sorted(present & kept.keys())}
    owners = _owners(kept, group)
    units: dict[str, _Unit] = {}
    unit_of: dict[str, _Unit] = {}
    key = str(seed).encode()
    for name in sorted(present - placed.keys()):
        group_name = group(name)
        if group_name in owners and group_name is not None:
            placed[name] = owners[group_name]
            continue
        # A separator that never occurs in a path distinguishes a group from an image of its name.
        unit_name = name if group_name is None else f"{group_name}\0"
        unit = units.setdefault(unit_name, _Unit(unit_name, key))
        unit.size += 1
        unit.labels.update((labels or {}).get(name, {}))
        unit_of[name] = unit
    if len(units) < len(ratios) and not kept:
        units_here = plural(len(units), "image" if len(units) == len(present) else "group")
        raise UsageError(f"{units_here} cannot fill {plural(len(ratios), 'split')}")
    assignment = _Assignment(ratios, placed, present, labels or {}, len(units))
    if labels is not None:
        assignment.stratify(units.values())
    assignment.fill(units.values())
    if labels is not None:
        assignment.balance([unit for unit in units.values() if unit.size > 1])
    return placed | {name: assignment.split_of[unit.name] for name, unit in unit_of.items()}


def _owners(kept: Mapping[str, str], group: Callable[[str], str | None]) -> dict[str, str]:
    """Group -> the split that contains most of its images."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for name, split in kept.items():
        group_name = group(name)
        if group_name is not None:
            votes[group_name][split] += 1
    return {name: max(sorted(count), key=count.__getitem__) for name, count in votes.items()}


class _Assignment:
    """The images assigned to each split, and the number it still needs."""

    def __init__(
        self,
        ratios: Mapping[str, float],
        placed: Mapping[str, str],
        present: set[str],
        labels: ClassCounts,
        units: int,
    ) -> None:
        self.split_of: dict[str, str] = {}
        self.ratios = ratios
        self.units_left = units
        sizes = Counter(placed.values())
        counts = _counts(len(present), ratios)
        self.need = {split: counts[split] - sizes[split] for split in ratios}
        self.empty = [split for split in ratios if not sizes[split]]
        total: Counter[str] = Counter()
        there: dict[str, Counter[str]] = {split: Counter() for split in ratios}
        for name in sorted(present):
            total.update(labels.get(name, {}))
            if placed.get(name) in there:
                there[placed[name]].update(labels.get(name, {}))
        self.want = {
            split: {label: ratio * total[label] - there[split][label] for label in total}
            for split, ratio in ratios.items()
        }

    def stratify(self, units: Iterable[_Unit]) -> None:
        """Iterative stratification, weighted by the number of instances.

        The class with the fewest remaining instances is assigned first, each of its images to the
        split that needs most of that class; ties go to the split that needs most images. Source:
        Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011,
        algorithm 1. Unlike the original, a split that is full takes no more images, and the need
        of a split is measured relative to its share with half of the image included
        (Sainte-Laguë rounding), so that each split gets both crowded and sparse images.
        """
        left: Counter[str] = Counter()
        having: dict[str, list[_Unit]] = defaultdict(list)
        for unit in units:
            left.update(unit.labels)
            for label in unit.labels:
                having[label].append(unit)
        while left:
            label = min(left, key=lambda label: (left[label], label))
            of_label = (unit for unit in having[label] if unit.name not in self.split_of)
            for unit in sorted(of_label, key=lambda unit: (-unit.labels[label], unit.rank)):
                self.give(unit, self.neediest(label, unit.labels[label]))
                left.subtract(unit.labels)
            del left[label]

    def neediest(self, label: str | None = None, number: int = 0) -> str:
        """The split that needs most of a class before `number` are added; no class: most images."""
        if self.units_left <= len(self.empty):
            candidates = self.empty
        else:
            candidates = [split for split in self.need if self.need[split] > 0] or [*self.need]
        if label is None:
            return max(candidates, key=lambda split: self.need[split])

        def lacks(split: str) -> tuple[float, int]:
            share = (self.want[split][label] - number / 2) / self.ratios[split]
            return round(share, 9), self.need[split]  # rounded, so that equal shares tie

        return max(candidates, key=lacks)

    def give(self, unit: _Unit, split: str) -> None:
        """Assign a unit to a split."""
        self.split_of[unit.name] = split
        self.reserve(unit, split)

    def reserve(self, unit: _Unit, split: str) -> None:
        """Subtract a unit from the need of a split."""
        self.units_left -= 1
        self.need[split] -= unit.size
        self.empty = [name for name in self.empty if name != split]
        for label, number in unit.labels.items():
            self.want[split][label] -= number

    def fill(self, units: Iterable[_Unit]) -> None:
        """Assign the remaining units: groups from the largest down, then single images.

        The images are ordered by rank and each split takes a contiguous range, so that one more
        image moves the boundaries by at most one.
        """
        rest = sorted(
            (unit for unit in units if unit.name not in self.split_of),
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
        self.split_of |= {unit.name: split for unit, split in zip(single, runs, strict=True)}

    def balance(self, groups: Sequence[_Unit]) -> None:
        """Move and exchange groups as long as that brings the numbers of images closer.

        Stratifying looks at classes first, and a few large groups may then fill a small split.
        """
        for _ in range(len(groups)):
            best = min(self._changes(groups), key=lambda change: change[0], default=None)
            if best is None or best[0] >= 0:
                return
            for unit, split in best[1]:
                self.need[self.split_of[unit.name]] += unit.size
                self.need[split] -= unit.size
                self.split_of[unit.name] = split

    def _changes(self, groups: Sequence[_Unit]) -> Iterator[tuple[int, list[tuple[_Unit, str]]]]:
        """(how much farther a change brings the numbers of images, units and their new splits)."""
        members = Counter(self.split_of.values())
        for unit in groups:
            old = self.split_of[unit.name]
            for split in self.need:
                if split != old and members[old] > 1:
                    yield self._cost(old, split, unit.size), [(unit, split)]
        if len(groups) <= _MOST_EXCHANGED:
            for one, other in combinations(groups, 2):
                first, second = self.split_of[one.name], self.split_of[other.name]
                if first != second:
                    cost = self._cost(first, second, one.size - other.size)
                    yield cost, [(one, second), (other, first)]

    def _cost(self, old: str, new: str, size: int) -> int:
        """The change of the distances to the wanted numbers, for images that change the split."""
        before = abs(self.need[old]) + abs(self.need[new])
        return abs(self.need[old] + size) + abs(self.need[new] - size) - before


def _counts(total: int, ratios: Mapping[str, float]) -> dict[str, int]:
    counts = {split: max(1, int(total * ratio)) for split, ratio in ratios.items()}
    by_remainder = sorted(ratios, key=lambda split: total * ratios[split] - counts[split])
    while sum(counts.values()) < total:
        counts[by_remainder.pop()] += 1
    while sum(counts.values()) > total:
        counts[max(counts, key=lambda split: counts[split])] -= 1
    return counts
