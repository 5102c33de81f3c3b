"""The files of a local folder, following symlinks, at any depth."""

from __future__ import annotations

import errno
import os
import re
from collections import Counter
from collections.abc import Iterator

from dataforge.errors import InputError
from dataforge.io.limits import MAX_LINKED_PATHS
from dataforge.io.names import BACKUP, REGISTRATION

_BACKUP = re.compile(re.escape(BACKUP) + r"(-\d+)?$")


def walk(location: str, too_long: list[str]) -> Iterator[str]:
    """The files below a folder, as POSIX paths relative to it, in no particular order.

    Args:
        location: the folder.
        too_long: receives the folders whose paths are too long to be opened.

    Symlinks to folders are followed, except loops. Hidden files and folders, folders written by
    `dataforge register`, and backups of `dataforge check --fix` are excluded.

    Raises:
        InputError: a folder cannot be listed, or is reachable by too many symlink paths.
    """
    # A symlink to a parent folder, by its real path or by the path taken here, would loop forever.
    # Not os.walk, which fails on folders nested 1,000 deep.
    waiting: list[tuple[str, tuple[str, ...]]] = [("", (os.path.realpath(location),))]
    visits: Counter[str] = Counter()
    while waiting:
        prefix, way = waiting.pop()
        # By its real path, because the system follows at most 40 symlinks in one path.
        try:
            entries = _entries(way[-1], os.path.join(location, prefix))
        except _TooLongError:
            too_long.append(prefix)
            continue
        names = [entry.name for entry in entries if not _is_folder(entry)]
        if REGISTRATION in names and prefix:
            continue
        # "._x.json" are the metadata files that macOS writes to non-Apple disks.
        yield from (prefix + name for name in names if not name.startswith("."))
        for entry in entries:
            if entry.name.startswith(".") or _BACKUP.search(entry.name) or not _is_folder(entry):
                continue
            real = os.path.join(way[-1], entry.name)
            if entry.is_symlink():
                real = os.path.realpath(real)
                if any(_contains(real, above) for above in way):
                    continue
                visits[real] += 1
                if visits[real] > MAX_LINKED_PATHS:
                    raise InputError(
                        f"{location}: links lead to {real} in more than {MAX_LINKED_PATHS} ways; "
                        "remove the links that lead from one to the next"
                    )
            waiting.append((f"{prefix}{entry.name}/", (*way, real)))


class _TooLongError(Exception):
    """The path of a folder is too long for the system."""


def _entries(folder: str, shown: str) -> list[os.DirEntry[str]]:
    """The entries of a folder; empty if the folder has been removed in the meantime.

    Raises:
        InputError: it cannot be listed; files must not be skipped silently.
        _TooLongError: its path is too long.
    """
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _TooLongError from error
        raise InputError(f"{shown}: cannot be listed: {error.strerror or error}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        # lost+found exists on every Linux disk, and only root may list it.
        return entry.is_dir() and entry.name != "lost+found"
    except OSError:  # a symlink to itself
        return False


def _contains(folder: str, inner: str) -> bool:
    return inner == folder or inner.startswith(folder.rstrip(os.sep) + os.sep)
