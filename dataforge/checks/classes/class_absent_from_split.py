"""A class that occurs in one split but not in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from dataforge.checks import base
from dataforge.checks.classes.class_without_instances import without_instances
from dataforge.codes import code
from dataforge.findings import MOST_OF_A_KIND, Finding, Place


def unmarked(instances: Mapping[str, Mapping[str, int]], names: Iterable[str]) -> Iterator[Finding]:
    """The findings on classes without instances in the dataset or in a split.

    Args:
        instances: split -> class -> number of instances.
        names: of the classes.
    """
    nowhere = []
    for name in names:
        lacking = [split for split, counts in instances.items() if not counts.get(name)]
        if len(lacking) == len(instances):
            nowhere.append(name)
            continue
        for split in lacking:
            yield _absent(name, split)
    yield from without_instances(nowhere)


def _absent(name: str, split: str) -> Finding:
    return code("class-absent-from-split").at(
        Place(".", split),
        f"no {name!r} in this split",
        "assign the images again with --stratify, or check the spelling in this split",
    )


class Check(base.Check):
    """Compares the classes of the splits."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        classes: dict[str | None, set[str | None]] = {}
        for seen in whole.images:
            classes.setdefault(seen.split, set()).update(map(whole.classes.of, seen.labels))
        number = 0
        last: tuple[str, str] = "", ""
        for name in whole.classes.names:
            lacking = [split for split, here in classes.items() if name not in here]
            for split in lacking if len(lacking) < len(classes) else ():
                number += 1
                last = name, split or "no split"
                if number <= MOST_OF_A_KIND:
                    yield _absent(*last)
        if number > MOST_OF_A_KIND:
            more = number - MOST_OF_A_KIND
            yield msgspec.structs.replace(_absent(*last), count=more)
