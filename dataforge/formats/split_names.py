"""The split that the folders of a file name: the closest folder that names one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dataforge.layouts import SPLIT_NAMES


def split_of_folders(*names: str) -> str | None:
    """The split that a folder is called after, for formats whose folders people name as they like.

    >>> split_of_folders("train/a/1.xml"), split_of_folders("train_station/1.xml")
    ('train', None)

    Args:
        names: of the file, and of others that are asked if its folders name none.
    """
    found = map(SPLIT_NAMES.get, _folders(names))
    return next(filter(None, found), None)


def split_of_words(*names: str) -> str | None:
    """The split that a folder is called after, or that a word of its name is, for datasets whose
    own folders are called so.

    >>> split_of_words("VisDrone2019-DET-test-dev/images/a.jpg"), split_of_words("Train_Task2/a")
    ('test', 'train')

    Args:
        names: see `split_of_folders`.
    """
    words = (word for folder in _folders(names) for word in (folder, *re.split("[_-]", folder)))
    return next(filter(None, map(SPLIT_NAMES.get, words)), None)


def _folders(names: tuple[str, ...]) -> Iterator[str]:
    """The folders of the first file, the closest first; then those of the next."""
    for name in names:
        yield from reversed(name.lower().split("/")[:-1])
