"""Patterns for many pairs of folders: ``*`` for the parts in which they differ."""

from __future__ import annotations

import os.path
import re
from collections import Counter, defaultdict
from typing import TypeAlias

Pairs: TypeAlias = "Counter[tuple[str, str]]"
"""(image folder, XML folder) -> number of XML files with an image there."""


def widest(pairs: Pairs) -> tuple[tuple[str, str], int]:
    """The pair of folders for the most XML files, with ``*`` if that covers more."""
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    common: Pairs = Counter()
    for pair, count in pairs.items():
        if (general := _in_common(pair)) is not None:
            common[general] += count
    candidates = common | _spread(pairs) | _spread(common)
    several = [pair for pair in candidates if candidates[pair] > pairs[best]]
    if not several:
        return best, pairs[best]
    chosen = min(several, key=lambda pair: (-candidates[pair], _stars(pair), _by_word(pair), pair))
    return chosen, candidates[chosen]


def _stars(pair: tuple[str, str]) -> int:
    return "".join(pair).count("*")


def _in_common(pair: tuple[str, str]) -> tuple[str, str] | None:
    """``cam1/images`` and ``cam1/xml`` -> ``*/images`` and ``*/xml``; None if not possible.

    >>> _in_common(("{split}/cam1/images", "{split}/cam1/xml"))
    ('{split}/*/images', '{split}/*/xml')
    """
    images = [part for part in pair[0].split("/") if part != "."]
    xmls = [part for part in pair[1].split("/") if part != "."]
    front = 0
    while front < min(len(images), len(xmls)) and images[front] == xmls[front]:
        front += 1
    fixed = [part for part in images[:front] if part == "{split}"]
    if front == len(fixed):
        return None
    star = [*fixed, "*"]
    return "/".join([*star, *images[front:]]), "/".join([*star, *xmls[front:]])


def _spread(pairs: Pairs) -> Pairs:
    """Patterns for one folder of XML files with several of images, and the other way round.

    >>> _spread(Counter({("day1", "xml"): 1, ("day2", "xml"): 2}))
    Counter({('*', 'xml'): 3})
    >>> _spread(Counter({("*/img/a", "*/xml"): 1, ("*/img/b", "*/xml"): 1}))
    Counter({('*/img/*', '*/xml'): 2})
    """
    found: Pairs = Counter()
    for side in (0, 1):
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for pair in pairs:
            groups[pair[1 - side]].append(pair)
        for same, group in groups.items():
            if len(group) > 1 and same != ".":
                spread = _below_all([pair[side] for pair in group])
                pattern = (same, spread) if side else (spread, same)
                found[pattern] += sum(pairs[pair] for pair in group)
    return found


def _below_all(folders: list[str]) -> str:
    """``*`` below the folders that all have in common."""
    front = os.path.commonpath(folders) if "." not in folders else ""
    return f"{front}/*" if front else "*"


_LABELS = re.compile(r"xml|annot|label")
_PICTURES = re.compile(r"im(a?ge)?s?$|images?|photo|pict|jpeg|frames?")


def _by_word(pair: tuple[str, str]) -> int:
    """Among equals, the side whose folder is named after what is in it is the single one."""
    images, xmls = (folder.rpartition("/")[2].lower() for folder in pair)
    return 0 if _LABELS.search(xmls) else 1 if _PICTURES.search(images) else 2
