"""Atomic output: files and folders are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge.errors import OutputError
from dataforge.interrupts import held, written
from dataforge.io.json import report_json
from dataforge.io.staging import SUFFIX, claimed, put_in_place


@contextmanager
def atomic_write(path: Path, mode: int | None = None) -> Iterator[IO[bytes]]:
    """A stream for a file that is put in place only if the block succeeds.

    Args:
        path: path of the file; missing folders are created.
        mode: file permissions; None for the default of new files.

    Raises:
        OutputError: the folder or the file cannot be written, or another run is writing it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with claimed(path, path.parent, folder=False) as temporary:
            with temporary.open("wb") as stream:
                yield stream
            # Temporary files are private; the dataset gets the permissions of the umask.
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask if mode is None else mode)
            with held():
                os.replace(temporary, path)
                _note(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def staged(out: Path, replaced: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A temporary path for `out`, a file or a folder, moved into place if the block succeeds.

    If the block fails, nothing is left behind. If the run is killed, the next run that writes
    `out` removes the leftovers. See `dataforge.io.staging.put_in_place`.

    Args:
        out: path of the output.
        replaced: files and folders that the output contains; with `force`, existing folders among
        them are replaced as a whole.
        force: overwrite existing files.

    Raises:
        OutputError: the output exists and `force` is not set, it cannot be written, or
            another run is writing it.
    """
    target = Path(os.path.realpath(out)) if out.is_dir() else out
    home = target.parent
    if target.is_dir() and (os.path.ismount(target) or not os.access(home, os.W_OK)):
        home = target
    try:
        home.mkdir(parents=True, exist_ok=True)
        with claimed(target, home, folder=True) as stage:
            for path in replaced:
                if path.exists() and not force:
                    raise OutputError(f"{path} already exists; use --force to overwrite")
            yield stage / target.name
            folders = {target / path.relative_to(out) for path in replaced}
            with held():
                put_in_place(stage, stage / target.name, target, folders, force=force)
                _note(out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error


def _note(path: Path) -> None:
    """Remember what is in place, unless that is a temporary folder."""
    if not any(part.endswith(SUFFIX) for part in path.parts):
        written.append(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line endings, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    with atomic_write(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write indented UTF-8 JSON, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def write_report(path: Path, report: Any) -> None:
    """Write a report as `report_json`, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    write_text(path, report_json(report, ascii_only=False) + "\n")
