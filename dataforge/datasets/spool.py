"""Bytes on disk between two passes."""

from __future__ import annotations

import os
import tempfile
from typing import IO

from dataforge.errors import OutputError


class Spool:
    """Bytes on disk between two passes, so that memory does not grow with the dataset."""

    def __init__(self) -> None:
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise _no_room(error) from error

    def put(self, data: bytes) -> tuple[int, int]:
        """Append; returns (offset, length) for `get`."""
        try:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(data)
        except OSError as error:
            raise _no_room(error) from error
        return offset, len(data)

    def get(self, place: tuple[int, int]) -> bytes:
        """The bytes that were put there."""
        try:
            self._file.seek(place[0])
            return self._file.read(place[1])
        except OSError as error:
            raise _no_room(error) from error

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()


def _no_room(error: OSError) -> OutputError:
    return OutputError(
        f"{tempfile.gettempdir()}: no room for temporary data: {error.strerror or error}; "
        "set TMPDIR to another folder"
    )
