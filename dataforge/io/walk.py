"""The files of a local folder, at any depth; links are followed inside it."""

from __future__ import annotations

import errno
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dataforge.errors import InputError
from dataforge.io.limits import MAX_LINKED_PATHS
from dataforge.io.names import BACKUP, REGISTRATION

_GONE = (errno.ENOENT, errno.ESRCH, errno.ESTALE)
"""What the system says of what was listed and is no longer there: a file, or in /proc a process."""

_BACKUP = re.compile(re.escape(BACKUP) + r"(-\d+)?$")


class LeftOut(NamedTuple):
    """What is not read.

    Attributes:
        links: links to files and folders outside, as (path, what the link says).
        registered: folders that contain the file `REGISTRATION`.
        dangling: links to what does not exist, as (path, what the link says).
        too_long: folders whose paths are too long to be opened.
        unusable: keys in a bucket that cannot be the names of files.
        closed: folders behind links out of the folder that cannot be listed, as (path, why).
    """

    links: list[tuple[str, str]]
    registered: list[str]
    dangling: list[tuple[str, str]]
    too_long: list[str]
    unusable: list[str]
    closed: list[tuple[str, str]]


def walk(location: str, left_out: LeftOut, *, follow_links: bool = False) -> Iterator[str]:
    """The files below a folder, as POSIX paths relative to it, in no particular order.

    Symlinks are followed inside the folder, except loops. Hidden files and folders, folders written
    by `dataforge register`, and backups of `dataforge check --fix` are excluded.

    Args:
        location: the folder.
        left_out: what is not read is added to it.
        follow_links: also follow links that lead out of the folder.

    Raises:
        InputError: a folder in it cannot be listed, or is reachable by too many symlink paths.
    """
    # A symlink to a parent folder, by its real path or by the path taken here, would loop forever.
    # Not os.walk, which fails on folders nested 1,000 deep.
    home = os.path.realpath(location)
    waiting: list[tuple[str, tuple[str, ...]]] = [("", (home,))]
    visits: Counter[str] = Counter()
    while waiting:
        prefix, way = waiting.pop()
        # By its real path, because the system follows at most 40 symlinks in one path.
        try:
            names, others = _entries(way[-1])
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno == errno.ENAMETOOLONG:
                left_out.too_long.append(prefix)
            elif contains(home, way[-1]):  # files must not be skipped silently
                shown = os.path.join(location, prefix)
                raise InputError(f"{shown}: cannot be listed: {why}") from error
            else:
                left_out.closed.append((prefix.rstrip("/"), why))
            continue
        if prefix and (REGISTRATION in names or any(e.name == REGISTRATION for e in others)):
            left_out.registered.append(prefix.rstrip("/"))
            continue
        others = [*_usable(others, home, prefix, left_out, follow_links=follow_links)]
        names += (entry.name for entry in others if not _is_folder(entry))
        # "._x.json" are the metadata files that macOS writes to non-Apple disks.
        yield from (prefix + name for name in names if not name.startswith("."))
        for entry in others:
            if entry.name.startswith(".") or _BACKUP.search(entry.name) or not _is_folder(entry):
                continue
            real = os.path.join(way[-1], entry.name)
            if entry.is_symlink():
                try:
                    real = os.path.realpath(real)
                except OSError:  # it was there a moment ago
                    continue
                if any(contains(real, above) for above in way):
                    continue
                visits[real] += 1
                if visits[real] > MAX_LINKED_PATHS:
                    raise InputError(
                        f"{location}: links lead to {real} in more than {MAX_LINKED_PATHS} ways; "
                        "remove the links that lead from one to the next"
                    )
            waiting.append((f"{prefix}{entry.name}/", (*way, real)))


def _usable(
    entries: Iterable[os.DirEntry[str]],
    home: str,
    prefix: str,
    left_out: LeftOut,
    *,
    follow_links: bool,
) -> Iterator[os.DirEntry[str]]:
    """The entries that are not links to nothing, or out of a folder that must not be left."""
    for entry in entries:
        if not entry.is_symlink() or entry.name.startswith("."):
            yield entry
            continue
        try:
            real = os.path.realpath(entry.path)
            outside = not follow_links and not contains(home, real)
            if not outside and os.path.lexists(real):
                yield entry
                continue
            target = os.readlink(entry.path)
        except OSError as error:
            if error.errno in _GONE:
                continue
            outside, target = False, f"what cannot be looked at: {error.strerror or error}"
        (left_out.links if outside else left_out.dangling).append((prefix + entry.name, target))


def _entries(folder: str) -> tuple[list[str], list[os.DirEntry[str]]]:
    """The names of the files in a folder, and its other entries: of files, an entry would take
    several times the memory. Nothing if the folder has been removed in the meantime.

    Raises:
        OSError: it cannot be listed.
    """
    names, others = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    is_file = entry.is_file(follow_symlinks=False)
                except OSError as error:
                    if error.errno in _GONE:
                        continue
                    is_file = True  # whoever opens it says why that cannot be done
                if is_file:
                    names.append(entry.name)
                else:
                    others.append(entry)
    except OSError as error:
        if error.errno in _GONE:
            return [], []
        raise
    return names, others


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        # lost+found exists on every Linux disk, and only root may list it.
        return entry.is_dir() and entry.name != "lost+found"
    except OSError:  # a symlink to itself
        return False


def contains(folder: str, inner: str) -> bool:
    """Whether a real path is that of a folder or of something in it."""
    return inner == folder or inner.startswith(folder.rstrip(os.sep) + os.sep)
