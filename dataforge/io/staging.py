"""Temporary files that are cleaned up even after a killed run.

Output is written beside its target under one fixed name, `.NAME.dataforge-tmp`, and locked as long
as the run is alive. The next run that writes the same target finds it unlocked and removes it:
nothing that stands in such a place is ever moved into an output, because anybody could have put it
there. See `dataforge.io.places` for how the output is put in place.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dataforge.errors import OutputError
from dataforge.interrupts import Interrupted, announce, held, written
from dataforge.io.folders import Folder

SUFFIX = ".dataforge-tmp"
"""Suffix of temporary files and folders."""

_TRIES = 100
_LONGEST_NAME = 200  # bytes; file systems allow 255


class Claim(NamedTuple):
    """A temporary file or folder that belongs to this run.

    Attributes:
        home: the folder that it is in.
        name: its name there.
        handle: of the file, open for writing, or of the folder; None for a folder where folders
            cannot be held open.
    """

    home: Folder
    name: str
    handle: int | None

    @property
    def file(self) -> int:
        """The handle of a file."""
        if self.handle is None:
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        return self.handle

    def folder(self) -> Folder:
        """The folder, which the caller closes."""
        path = self.home.path / self.name
        return Folder(path, None if self.handle is None else os.dup(self.handle))

    def is_there(self) -> bool:
        """Whether its name still leads to it."""
        if self.handle is None:
            return True
        status = self.home.status(self.name)
        return status is not None and os.path.samestat(status, os.fstat(self.handle))

    def check(self) -> None:
        """Raise OutputError if it is not there."""
        if not self.is_there():
            path = self.home.path / self.name
            raise OutputError(f"{path}: temporary file was removed; run the command again")


@contextmanager
def claimed(name: str, home: Folder, *, folder: bool) -> Iterator[Claim]:
    """Create an empty file or folder, removed at the end unless it has been moved.

    Where the run is interrupted, that is said first, as many files take seconds to remove; a second
    signal, two seconds later or more, ends that, and the next run removes the rest.

    Args:
        name: of what it will become.
        home: folder to create it in.
        folder: create a folder instead of a file.

    Raises:
        OutputError: another run is writing the same target.
        OSError: it cannot be created.
    """
    claim = None
    try:
        with held():
            claim = _claim(home, f".{_short(name)}{SUFFIX}", home.path / name, folder)
        yield claim
    except Interrupted:
        announce()
        if claim is not None:
            left, claim = claim, None
            _release(left)
        raise
    finally:
        with held():
            if claim is not None:
                _release(claim)


def _release(claim: Claim) -> None:
    """Remove what is claimed, unless it has been moved."""
    try:
        if claim.is_there():
            _remove(claim.home, claim.name)
    finally:
        if claim.handle is not None:
            os.close(claim.handle)


def noted(path: Path) -> None:
    """Remember what is in place, unless that is in a temporary folder (`Folder.steady`).

    For use in the block of `held` that puts it there.
    """
    if not any(part.endswith(SUFFIX) for part in path.parts) and path.parts[:2] != ("/", "proc"):
        written.append(path)


def clear_away(target: Path) -> None:
    """Remove the leftovers of a killed run beside a completed target.

    Raises:
        OutputError: another run is writing it.
    """
    with (
        suppress(OSError),
        Folder.open(target.parent) as home,
        claimed(target.name, home, folder=True),
    ):
        pass


def _short(name: str) -> str:
    if len(os.fsencode(name)) <= _LONGEST_NAME:
        return name
    import hashlib

    return hashlib.sha256(os.fsencode(name)).hexdigest()


def _claim(home: Folder, name: str, target: Path, folder: bool) -> Claim:
    """Create the file or folder, and lock it if locks are supported."""
    for _ in range(_TRIES):
        try:
            claim = Claim(home, name, _make(home, name, folder))
            made = True
        except FileExistsError:
            made = False
            try:
                claim = Claim(home, name, _left(home, name))
            except FileNotFoundError:
                continue  # the run that held it has just ended
            except OSError as error:
                raise _in_the_way(home, name, error) from error
        try:
            if claim.handle is not None:
                _lock(claim.handle, target)
        except OutputError:
            os.close(claim.handle or 0)
            raise
        if made and claim.is_there():
            return claim
        if claim.is_there():
            _remove(home, name)
        if claim.handle is not None:
            os.close(claim.handle)
    raise OutputError(f"{target}: cannot be written: {home.path / name} cannot be removed; "
                      "remove it, or name another output")  # fmt: skip


def _in_the_way(home: Folder, name: str, error: OSError) -> OSError:
    """The exception for what no run has left: a link, or somebody else's file."""
    why = "is a link" if home.is_link(name) else f"cannot be opened ({error.strerror or error})"
    text = (
        f"{home.path / name} {why}, where a temporary file goes; remove it, or name another output"
    )
    return OSError(error.errno, text)


def _make(home: Folder, name: str, folder: bool) -> int | None:
    """The handle of a new file or folder that is ours alone.

    Raises:
        FileExistsError: something has the name.
    """
    if not folder:
        return home.create(name, 0o600)
    home.make(name, 0o700)
    with home.inner(name) as made:
        if made.handle is None:
            return None
        status = os.fstat(made.handle)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise OutputError(f"{made.path}: somebody else has put a folder there")
        return os.dup(made.handle)


def _left(home: Folder, name: str) -> int | None:
    """The handle of what has the name of a temporary file already."""
    # An open file cannot be removed on Windows, which serves as a lock.
    return None if sys.platform == "win32" else home.open_file(name)


def _lock(handle: int, target: Path) -> None:
    """Lock a file or folder, if the file system supports it.

    Raises:
        OutputError: another run has locked it.
    """
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"{target}: another run is writing it") from error
    except OSError:
        pass  # some network file systems do not support locks


def _remove(home: Folder, name: str) -> None:
    """Remove a file or a whole folder; links are removed themselves."""
    if home.is_folder(name):
        shutil.rmtree(home.steady / name, ignore_errors=True)
    else:
        with suppress(OSError):
            home.remove(name)
