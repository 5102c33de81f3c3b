"""Pairs images and label files in folders of other names than ``images/`` and ``labels/``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.yolo.rows import look_like_labels, rows_of
from dataforge.formats.yolo.texts import LabelTexts
from dataforge.io import last_part, stem

_LOOKED_AT = 5
"""Files of a folder that are read to see whether it has label files."""


def by_stem(texts: LabelTexts, images: Iterable[str], labels: Iterable[str]) -> dict[str, str]:
    """Image -> label file, where each is the only one with this name.

    Of several in different folders, the one whose folders have most words in common is taken:
    ``train_images/a.jpg`` and ``train_labels/a.txt``.

    Args:
        texts: of the label files.
        images: without a label file by Ultralytics' rule.
        labels: of no image by Ultralytics' rule.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_name[last_part(stem(image))].append(image)
    folders: dict[str, list[str]] = defaultdict(list)
    for label in sorted(labels):
        if last_part(stem(label)) in by_name:
            folders[label.rpartition("/")[0]].append(label)
    chosen = {
        label: image
        for files in folders.values()
        if _are_labels(texts, files)
        for label in files
        if (image := _nearest(label, by_name[last_part(stem(label))]))
    }
    times = Counter(chosen.values())
    return {image: label for label, image in chosen.items() if times[image] == 1}


def elsewhere(pairs: Mapping[str, str]) -> Finding:
    """The finding on images and label files that were paired by name."""
    image, label = next(iter(pairs.items()))
    return code("labels-elsewhere").at(
        Place(label),
        f"{plural(len(pairs), 'label file')} not where Ultralytics looks, but with the name of "
        f"exactly one image: read; this is the first, of {image}",
        "name the folders images and labels",
    )


def _are_labels(texts: LabelTexts, files: Sequence[str]) -> bool:
    """Whether the first files of a folder that are not empty have rows of numbers."""
    found = (rows_of(texts.peek(file)) for file in files[:_LOOKED_AT])
    rows = [own for own in found if own]
    return not rows or any(map(look_like_labels, rows))


def _nearest(label: str, images: Sequence[str]) -> str:
    """The image whose folders have most words in common with the label file's; empty if several."""
    if len(images) == 1:
        return images[0]
    own = _words(label)
    common = [len(own & _words(image)) for image in images]
    return images[common.index(max(common))] if common.count(max(common)) == 1 else ""


def _words(path: str) -> set[str]:
    return {*re.findall(r"[^\W_]+", path.rpartition("/")[0].lower())}
