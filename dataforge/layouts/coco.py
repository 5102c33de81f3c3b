"""COCO files: which split a file belongs to, and where its images are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from dataforge.io import last_part, resolve, stem
from dataforge.layouts.layout import SPLIT_NAMES


def split_of_json(name: str) -> str:
    """The split indicated by the name of a COCO file or its folder; `all` if neither does.

    >>> split_of_json("annotations/instances_val2017.json")
    'val'
    """
    for part in reversed(stem(name).split("/")):
        words = re.split(r"[^a-z]+", part.lower())
        found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
        if found:
            return found[-1]
    return "all"


def folder_of_images(
    by_last: Mapping[str, Sequence[str]], file_names: Sequence[str], split: str
) -> str | None:
    """The folder that the first 50 file names in a COCO file are relative to, or None.

    Args:
        by_last: `by_last_part` of the files in the dataset.
        file_names: image file names, as written in the COCO file.
        split: split of the COCO file.
    """
    votes: Counter[str] = Counter()
    for file_name in file_names[:50]:
        wanted = resolve("", file_name)
        for name in by_last.get(last_part(wanted or ""), ()):
            if name == wanted or name.endswith(f"/{wanted}"):
                votes[name[: -len(wanted or "")].rstrip("/") or "."] += 1
    # If several folders contain the name, prefer the split's own folder, then the nearest.
    return max(
        votes,
        key=lambda folder: (votes[folder], split in folder.lower(), -len(folder)),
        default=None,
    )
