"""Replacing a file of a dataset by another one that differs in its content alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dataforge.errors import OutputError
from dataforge.interrupts import held
from dataforge.io.attributes import copy_attributes
from dataforge.io.folders import Folder
from dataforge.io.staging import claimed, noted


def rewrite(home: Folder, name: str, data: bytes) -> None:
    """Replace a file by another one with the same owner, group, mode and extended attributes.

    Args:
        home: the folder of the file.
        name: of the file; a link is replaced by a file like its target.
        data: the new content.

    Raises:
        OutputError: it cannot be written, or the attributes cannot be kept; it is unchanged.
    """
    try:
        with claimed(name, home, folder=False) as claim:
            with os.fdopen(os.dup(claim.file), "wb") as stream:
                stream.write(data)
            copy_attributes(home.steady / name, claim.file)
            claim.check()
            with held():
                home.replace(claim.name, home, name)
                noted(home.path / name)
    except OSError as error:
        path = home.path / name
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_inside(folder: Path, path: Path) -> bool:
    """Whether a path really leads into a folder, links followed."""
    home = os.path.realpath(folder)
    return os.path.commonpath([home, os.path.realpath(path)]) == home


def refuse_unwritable(folder: Path, name: str) -> None:
    """Reject a file that must not be rewritten.

    Args:
        folder: of the dataset.
        name: of the file, relative to it.

    Raises:
        OutputError: it is write-protected, although its folder is perhaps not; it is elsewhere,
            behind a link; or its owner and group could not be kept.
    """
    path = folder / name
    if not is_inside(folder, path):
        raise OutputError(f"{path} is outside {folder}, behind a link; use --output DIR")
    try:
        status = path.stat()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    protected = not status.st_mode & 0o222
    if protected or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise OutputError(
            f"{path} is read-only: nothing was written; use --output DIR to write elsewhere"
        )
    if not _keeps_owner(status):
        raise OutputError(
            f"{path} belongs to another user or group, which would not be kept: nothing was "
            "written; use --output DIR to write elsewhere"
        )


def _keeps_owner(status: os.stat_result) -> bool:
    """Whether this user can create a file of the same owner and group."""
    if sys.platform == "win32" or os.geteuid() == 0:
        return True
    groups = {os.getegid(), *os.getgroups()}
    return status.st_uid == os.geteuid() and status.st_gid in groups
