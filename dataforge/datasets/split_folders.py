"""Splits from the names of image folders, if no file lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from dataforge.io import is_image, stem
from dataforge.layouts import SPLIT_NAMES, SPLIT_ORDER, Layout, below


def splits_by_folder(names: Sequence[str], places: Layout) -> dict[str, Any]:
    """The fields `images`, `annotations` and `splits` of `Layout`; empty if folders name no splits.

    ``images/*`` becomes ``images/{split}`` if these are train and val, and ``*/xml`` becomes
    ``{split}/xml`` if it stands for WIDER_train and WIDER_val.

    Args:
        names: the files of the dataset.
        places: folders with a ``*``, without splits.
    """
    if "*" not in places.images + places.annotations or places.per_split:
        return {}
    found = [*_starred(names, places)]
    folders: dict[str, str] = {}
    for star in found:
        first = star.partition("/")[0]
        split = _split_in(first)
        if split is None or folders.setdefault(split, first) != first:
            return {}
    nested = any("/" in star for star in found)
    if not folders or (nested and places.has_common_star):
        return {}
    rest = "/*" if nested else ""
    return {
        "images": places.images.replace("*", f"{{split}}{rest}", 1),
        "annotations": places.annotations.replace("*", f"{{split}}{rest}", 1),
        "splits": {split: folders[split] for split in SPLIT_ORDER if split in folders},
    }


def _starred(names: Sequence[str], places: Layout) -> Iterator[str]:
    """The folders that the first ``*`` stands for, of each image with an XML file, or XML file."""
    ids = dict(places.annotation_ids("", names))
    keys = {places.key_of_id("", id_) for id_ in ids}
    if "*" in places.images:
        folder, files = places.images, [*filter(is_image, names)]
        files = [name for name in files if places.image_key("", name) in keys]
    else:
        folder, files = places.annotations, [*ids.values()]
    for name in files:
        star, _ = below(folder, name) or ("", "")
        yield star


def _split_in(folder: str) -> str | None:
    """The split that a folder is named after: val, WIDER_val, JPEGImages-val."""
    words = re.split(r"[^a-z]+", stem(folder).lower())
    found = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    return found.pop() if len(found) == 1 else None
