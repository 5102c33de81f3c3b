"""Images that are in two splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dataforge.codes import code
from dataforge.datasets.seen import Seen
from dataforge.datasets.source import in_two_splits
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.io import Root, same_bytes


def twins(root: Root, images: Iterable[Seen]) -> Iterator[Finding]:
    """Images in two splits: with the same name, or identical."""
    splits: dict[str, set[str]] = {}
    splits_of: dict[str, list[str]] = defaultdict(list)
    for seen in images:
        splits.setdefault(seen.split or "all", set()).add(seen.file_name)
        splits_of[seen.file_name].append(seen.split or "all")
    yield from in_two_splits(splits)
    pairs = _same_bytes(root, splits_of) if len(splits) > 1 else []
    if pairs:
        name, twin, where = min(pairs)
        number = f"{plural(len(pairs), 'image')} {'is' if len(pairs) == 1 else 'are'}"
        yield code("duplicate-across-splits").at(
            Place(name),
            f"is identical to {twin}: {where}; {number} in two splits under two "
            "names (this is the first)",
            "remove one of the two",
        )


def _same_bytes(root: Root, images: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """(image, identical image, their splits) for images in different splits."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for name in images:
        if root.exists(name) and (size := root.size(name)):
            by_size[size].append(name)
    pairs = []
    for names in by_size.values():
        if len({split for name in names for split in images[name]}) < 2:
            continue
        for twin, *rest in same_bytes(root, names):
            for name in rest:
                # trainval contains train and val by definition
                here, there = ({*images[each]} - {"trainval"} for each in (name, twin))
                if here and there and here != there:
                    where = f"one in {', '.join(sorted(here))}, one in {', '.join(sorted(there))}"
                    pairs.append((name, twin, where))
    return pairs
