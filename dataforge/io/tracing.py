"""What has been looked at of a folder, so that it is known later whether the answer would differ.

A reader looks at files by a `Root`, which tells the `Trace` of each before it does. A file is what
it was if its `Stamp` is: inode, size and the times at which it and its inode were changed; the
latter cannot be set back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TypeAlias

from dataforge.io.names import last_part, stem

Stamp: TypeAlias = tuple[int, int, int, int]
"""Inode, size, and times of the last change of the content and of the inode, in ns."""

UNSTEADY: Stamp = (-1, -1, -1, -1)
"""Of a file that is too young: a further change may leave its times as they are."""

_YOUNG = 2 * 10**9
"""Nanoseconds; the coarsest clock of common file systems is that of FAT."""


def stamp(path: str) -> Stamp | None:
    """The stamp of a file; None if there is none, or its folder cannot be searched."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def alike(name: str) -> str:
    """What all files have in common that a reader may take for one another by their names.

    >>> alike("a/IMG.1.JPG")
    'img.1'
    """
    return last_part(stem(name)).casefold()


def by_likeness(names: Iterable[str]) -> dict[str, list[str]]:
    """What names have in common, see `alike` -> the names, sorted."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(alike(name), []).append(name)
    return found


class Trace:
    """What is looked at while `on` is set.

    Attributes:
        on: whether it is noted.
        turn: counts what is traced; what was opened in another turn has to be looked at again.
        files: path -> stamp, as it was before the first look.
        names: `alike` of the names that were looked up.
    """

    def __init__(self) -> None:
        self.on = False
        self.turn = 0
        self.files: dict[str, Stamp | None] = {}
        self.names: set[str] = set()

    def look(self, path: str) -> None:
        """Note a file that is going to be looked at."""
        if path not in self.files:
            found = stamp(path)
            if found is not None and max(found[2:]) > time.time_ns() - _YOUNG:
                found = UNSTEADY
            self.files[path] = found

    def ask(self, name: str) -> None:
        """Note that it matters which files have a name like this."""
        if self.on and name:
            self.names.add(alike(name))
