"""Where an output goes, and what has to be moved there."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

from dataforge.errors import OutputError
from dataforge.io.folders import Folder, joined

Signature: TypeAlias = tuple[int, int, int]
"""Inode, size and time of the last change."""


def signature(status: os.stat_result) -> Signature:
    """Differs after a file was written or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_as_left(then: Signature | None, status: os.stat_result) -> bool:
    """Whether a file is the one that had this signature."""
    # A hard link to an image changes with the image, which keeps its content.
    shared = then is not None and status.st_nlink > 1 and status.st_ino == then[0]
    return shared or then == signature(status)


class Kept:
    """An output that one process writes again and again, as it has left it.

    It holds nothing before the first time; `dataforge.io.output.staged` fills it.

    Attributes:
        folder: device and inode of the output; None if it is a file, or nothing was written yet.
        files: path relative to the output -> signature of what was written there; that of the
            output itself is empty.
        objects: the same, of an output at a URL, with `dataforge.io.urls.state_of` each;
            `dataforge.io.publishing.published` fills it.
    """

    def __init__(self) -> None:
        self.folder: tuple[int, int] | None = None
        self.files: dict[str, Signature] = {}
        self.objects: dict[str, str] = {}

    def refuse_other(self, path: Path, status: os.stat_result) -> None:
        """Reject a folder that is not the one that was left.

        Args:
            path: of the output.
            status: of the folder that is there.

        Raises:
            OutputError: it is another.
        """
        if self.files and self.folder != (status.st_dev, status.st_ino):
            raise OutputError(
                f"{path} is not the folder that this run has written; nothing is written there. "
                "Put it back, or start again with another output"
            )

    def owns(self, out: Path, relative: str) -> bool:
        """Whether a file of an output was written before, and is as it was left."""
        try:
            return _is_as_left(self.files.get(relative), os.lstat(out / relative))
        except OSError:
            return False

    def owned(self, folder: Folder) -> Iterator[tuple[str, os.stat_result]]:
        """(path, status) of all in an output that was written before, and is as it was left."""
        for above, paths in groupby(sorted(self.files, key=_above), key=_above):
            if not folder.reaches(above):
                continue
            with folder.inner(above) as inner:
                for path in filter(None, paths):
                    status = inner.status(path.rpartition("/")[2])
                    if status is not None and _is_as_left(self.files[path], status):
                        yield path, status

    def add(self, folder: tuple[int, int] | None, files: Mapping[str, Signature]) -> None:
        """Remember what was written, beside what was before."""
        if files:
            self.folder = folder
            self.files.update(files)


def _above(path: str) -> str:
    return path.rpartition("/")[0]


class Place(NamedTuple):
    """Where an output goes.

    Attributes:
        home: the folder that it is in.
        name: its name there; empty for the folder itself.
        path: of the output, for messages.
        replaced: files and folders in it that are replaced, as paths relative to it; empty for the
            output itself.
        inputs: real paths of files that the run has read, which are never overwritten or removed.
        force: overwrite existing files.
        unchanged: with `force`, the only files that are overwritten, and only as they were; None
            for all.
        kept: the output as this process has left it, if it must be that.
    """

    home: Folder
    name: str
    path: Path
    replaced: frozenset[str]
    inputs: Collection[str] = ()
    force: bool = False
    unchanged: Mapping[str, Signature] | None = None
    kept: Kept | None = None

    def is_changed(self, relative: str, status: os.stat_result | None) -> bool:
        """Whether a file is not the one that may be overwritten."""
        if self.unchanged is None:
            return False
        return status is None or not _is_as_left(self.unchanged.get(relative), status)

    def tops(self, relative: str) -> list[str]:
        """Those of the replaced paths that a path is, or is below."""
        parts = PurePosixPath(relative)
        return [str(path) for path in (parts, *parts.parents) if str(path) in self.replaced]

    def is_input(self, relative: str) -> bool:
        """Whether the run has read a file of the output."""
        real = self.home.path / self.name / relative
        return bool(self.inputs) and os.path.realpath(real) in self.inputs

    def open(self) -> Folder | None:
        """The existing output, if it is a folder.

        Raises:
            OutputError: it is not the one that was kept.
        """
        if self.name and not self.home.is_folder(self.name):
            return None
        folder = self.home.inner(self.name)
        if self.kept is not None:
            try:
                self.kept.refuse_other(self.path, folder.own_status())
            except BaseException:
                folder.close()
                raise
        return folder

    def found(self) -> dict[str, Signature]:
        """The files below the folders that are replaced and may be overwritten, as they are now.

        An output that was kept is replaced as a whole.
        """
        folder = self.open()
        if folder is None:
            return {}
        with folder:
            own = self.kept.owned(folder) if self.kept else ()
            return {path: signature(status) for path, status in own} | {
                path: signature(status)
                for top in self.replaced
                if top and folder.reaches(top)
                for path, status in folder.files(top)
                if not self.is_changed(path, status)
            }


class Move(NamedTuple):
    """A file, or a folder that the output lacks, to be moved from the new output."""

    folder: str
    name: str
    is_file: bool

    @property
    def path(self) -> str:
        """Relative to the output."""
        return joined(self.folder, self.name)


def moves_of(new: Folder, out: Folder, place: Place, below: str = "") -> Iterator[Move]:
    """The smallest set of moves that moves all of `new` into `out`, or what is below a folder.

    Raises:
        OutputError: see `put_in_place`.
    """
    waiting = [below]
    while waiting:
        folder = waiting.pop()
        with new.inner(folder) as source, out.inner(folder) as target:
            for name in source.names():
                path = joined(folder, name)
                is_file, there = not source.is_folder(name), target.status(name)
                if there is not None:
                    refuse_special(place.path / path, there)
                if there is None:
                    yield Move(folder, name, is_file)
                elif not is_file and stat.S_ISDIR(there.st_mode):
                    waiting.append(path)
                elif not is_file and stat.S_ISLNK(there.st_mode) and path not in place.replaced:
                    target.inner(name)  # says what to do about it
                elif not place.force:
                    raise already_exists(place.path / path)
                elif is_file == stat.S_ISDIR(there.st_mode) and not stat.S_ISLNK(there.st_mode):
                    raise other_kind(place.path / path, is_file)
                elif place.is_input(path):
                    raise read_by_this_run(place.path / path)
                elif place.is_changed(path, there):
                    raise changed_meanwhile(place.path / path)
                else:
                    yield Move(folder, name, is_file)


def refuse_special(path: Path, status: os.stat_result | None = None) -> None:
    """Reject an output that is a pipe, a socket or a device, or a link to one.

    Args:
        path: of the output.
        status: of what is there now, for messages about `path`; None to look it up.

    Raises:
        OutputError: it is such: a rename would replace even /dev/null.
    """
    if status is None:
        try:
            status = path.stat()
        except OSError:
            return  # nothing, or a link to nothing
    if not any(is_kind(status.st_mode) for is_kind in (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)):
        raise OutputError(f"{path} is a pipe, a socket or a device; name a file or a folder")


def add_new(source: Folder, name: str, to: Folder, new: str) -> None:
    """Move a file; OutputError if something has its new name."""
    try:
        source.add(name, to, new)
    except FileExistsError:
        raise already_exists(to.path / new) from None


def already_exists(path: Path) -> OutputError:
    """The exception for a file that only --force overwrites."""
    return OutputError(f"{path} already exists; use --force to overwrite")


def other_kind(path: Path, is_file: bool) -> OutputError:
    """The exception for a folder in place of a file, if `is_file`, or a file in place of one."""
    kinds = ("a folder", "a file") if is_file else ("a file", "a folder")
    return OutputError(f"{path} is {kinds[0]}, expected {kinds[1]}; move it away")


def changed_meanwhile(path: Path) -> OutputError:
    """The exception for a file that somebody else has written since it was looked at."""
    return OutputError(f"{path} was changed during the run, and is not overwritten")


def read_by_this_run(path: Path) -> OutputError:
    """The exception for a file that would be overwritten by what is made of it."""
    return OutputError(f"{path} is read by this run, and is not overwritten; name another output")
