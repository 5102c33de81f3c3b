"""Bytes on disk between two passes."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NamedTuple

from dataforge.errors import OutputError
from dataforge.interrupts import held

_AT_FAULT = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors that another folder helps against."""


class Spool:
    """Bytes on disk between two passes, so that memory does not grow with the dataset.

    Attributes:
        path: by which other processes of this user open it; empty if there is none.
    """

    def __init__(self) -> None:
        self._file = temporary_file()
        self.path = _path_of(self._file)

    def put(self, data: bytes) -> tuple[int, int]:
        """Append; returns (offset, length) for `get`."""
        with temporary_data():
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(data)
        return offset, len(data)

    def get(self, place: tuple[int, int]) -> bytes:
        """The bytes that were put there."""
        with temporary_data():
            self._file.seek(place[0])
            return self._file.read(place[1])

    def later(self, place: tuple[int, int]) -> Spooled | bytes:
        """The bytes that were put there, for a process of this machine; see `whole`.

        It reads them itself where the system lets it: through the pipe to it, and before that
        through this process, they take several times as long.
        """
        if not self.path:
            return self.get(place)
        with temporary_data():
            self._file.flush()
        return Spooled(self, place)

    def close(self) -> None:
        """Free the disk space."""
        discard(self._file)


class Spooled(NamedTuple):
    """Bytes in a spool, as long as it is open; pickled and unpickled, they are `bytes`.

    Attributes:
        spool: they are in.
        place: (offset, length).
    """

    spool: Spool
    place: tuple[int, int]

    def __reduce__(self) -> tuple[Any, ...]:
        return _read, (self.spool.path, *self.place)


def whole(data: Spooled | bytes) -> bytes:
    """The bytes themselves."""
    return data.spool.get(data.place) if isinstance(data, Spooled) else data


def _path_of(file: IO[bytes]) -> str:
    """By which other processes of this user open a file; empty if the system has no such path."""
    home = f"/proc/{os.getpid()}"
    path = f"{home}/fd/{file.fileno()}"
    try:
        # It is another user's if nobody else may look into this process.
        return path if os.path.exists(path) and os.stat(home).st_uid == os.geteuid() else ""
    except OSError:
        return ""


def _read(path: str, offset: int, length: int) -> bytes:
    with temporary_data(), open(path, "rb", buffering=0) as file:
        file.seek(offset)
        data = file.read(length)
        while len(data) < length and (more := file.read(length - len(data))):
            data += more
        return data


def temporary_file() -> IO[bytes]:
    """A file without a name, to be closed by `discard`.

    Raises:
        OutputError: see `temporary_data`.
    """
    with temporary_data(), held():  # tempfile creates and removes a file to try its folder
        return tempfile.TemporaryFile()


def discard(file: IO[bytes]) -> None:
    """Close a temporary file; what was not written yet is not wanted any longer."""
    with suppress(OSError):
        file.close()


@contextmanager
def temporary_data() -> Iterator[None]:
    """Use temporary files in a block.

    Raises:
        OutputError: an operation failed; TMPDIR is blamed only if it is at fault.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        if error.errno == errno.EFBIG:
            reason = f"{reason}; raise the limit on the size of files (ulimit -f)"
        elif error.errno == errno.ENOENT:  # tempfile has found no folder
            reason = f"{reason}; set TMPDIR to a folder that can be written"
        elif error.errno in _AT_FAULT:
            reason = f"no room in {tempfile.gettempdir()}: {reason}; set TMPDIR to another folder"
        raise OutputError(f"temporary data cannot be written: {reason}") from error
