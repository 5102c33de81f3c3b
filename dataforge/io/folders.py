"""Folders that are held open, so that nothing can lead elsewhere what is done in them.

A path is looked up each time it is used: whoever puts a link into it in the meantime decides where
the file goes. A `Folder` is looked up once. What is in it is reached from there, one name at a
time, and never through a link:

    with Folder.open(out) as folder, folder.inner("images/train", make=True) as inner:
        inner.remove("a.jpg")

Where the system cannot hold a folder open (Windows), each name is checked before it is used.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dataforge.errors import OutputError

_HELD = {os.open, os.mkdir, os.stat, os.unlink, os.rename, os.rmdir} <= os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Folder:
    """A folder that is held open until it is closed.

    Attributes:
        path: by which it was opened, for messages.
        handle: file descriptor; None where folders cannot be held open.
    """

    def __init__(self, path: Path, handle: int | None) -> None:
        self.path = path
        self.handle = handle
        self._at: dict[str, Any] = {} if handle is None else {"dir_fd": handle}

    @classmethod
    def open(cls, path: Path) -> Folder:
        """Open a folder that the user named: links in its path are followed.

        Raises:
            OSError: it does not exist, is not a folder, or cannot be opened.
        """
        if not _HELD:
            os.listdir(path)
            return cls(path, None)
        return cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY))

    def inner(self, relative: str, *, make: bool = False) -> Folder:
        """Open a folder below this one; no link is followed.

        Args:
            relative: POSIX path; empty, or a dot, for this folder once more.
            make: create missing folders.

        Raises:
            OutputError: the path leads out of the folder, or a part of it is a link or a file.
            OSError: it does not exist, or cannot be opened.
        """
        here = Folder(self.path, None if self.handle is None else os.dup(self.handle))
        for name in (part for part in relative.split("/") if part not in ("", ".")):
            with here:
                here = here._next(name, make)
        return here

    def _next(self, name: str, make: bool) -> Folder:
        path = self.path / name
        self._name(name)
        if make and self.status(name) is None:
            with suppress(FileExistsError):
                os.mkdir(self._name(name), **self._at)
        try:
            if self.handle is not None:
                return Folder(path, os.open(name, _FOLDER, **self._at))
        except NotADirectoryError:
            pass
        except OSError:
            if not self.is_link(name):
                raise
        status = self.status(name)
        if self.is_link(name):
            raise OutputError(
                f"{path} is a link, and nothing is written through links inside an output; "
                "remove it, or name the folder that it leads to"
            )
        if status is None:
            raise FileNotFoundError(2, os.strerror(2), str(path))
        if not stat.S_ISDIR(status.st_mode):
            raise OutputError(f"{path} is a file, expected a folder; move it away")
        return Folder(path, None)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self.handle is not None:
            os.close(self.handle)

    def own_status(self) -> os.stat_result:
        """The status of the folder itself."""
        return os.stat(self.path if self.handle is None else self.handle)

    @property
    def steady(self) -> Path:
        """A path that leads to this very folder as long as it is open, if the system has such.

        All processes of this user on this machine can use it.
        """
        path = Path(f"/proc/{os.getpid()}/fd/{self.handle}")
        with suppress(OSError):
            if self.handle is not None and os.path.samestat(path.stat(), os.fstat(self.handle)):
                return path
        return self.path

    # What is in it; a name is one part of a path ----------------------------------------------

    def names(self) -> list[str]:
        """The names of all that is in it, sorted.

        Raises:
            OSError: it cannot be listed.
        """
        return sorted(os.listdir(self.path if self.handle is None else self.handle))

    def status(self, name: str) -> os.stat_result | None:
        """The status of a file, a folder or the link itself; None if there is nothing."""
        try:
            return os.stat(self._name(name), follow_symlinks=False, **self._at)
        except FileNotFoundError:
            return None

    def is_link(self, name: str) -> bool:
        """Whether a name is that of a link."""
        status = self.status(name)
        return status is not None and stat.S_ISLNK(status.st_mode)

    def is_folder(self, name: str) -> bool:
        """Whether a name is that of a folder, not of a link to one."""
        status = self.status(name)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def create(self, name: str, mode: int = 0o666) -> int:
        """The descriptor of a new file, for reading and writing.

        Raises:
            OSError: the name exists, even as a link to nothing, or cannot be created.
        """
        return os.open(self._name(name), os.O_RDWR | os.O_CREAT | os.O_EXCL | _FILE, mode,
                       **self._at)  # fmt: skip

    def open_file(self, name: str) -> int:
        """The descriptor of what has this name, for reading; a pipe is not waited for.

        Raises:
            OSError: it is a link, or cannot be opened.
        """
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FILE
        return os.open(self._name(name), flags, **self._at)

    def make(self, name: str, mode: int = 0o777) -> None:
        """Create a folder.

        Raises:
            OSError: the name exists, or it cannot be created.
        """
        os.mkdir(self._name(name), mode, **self._at)

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself.

        Raises:
            OSError: it cannot be removed.
        """
        os.unlink(self._name(name), **self._at)

    def remove_empty(self, name: str) -> None:
        """Remove a folder.

        Raises:
            OSError: it is not empty, or not a folder.
        """
        os.rmdir(self._name(name), **self._at)

    def replace(self, name: str, to: Folder, new: str) -> None:
        """Move something into another folder, over a file or a link that has the new name.

        Raises:
            OSError: it cannot be moved.
        """
        here, there = self._name(name), to._name(new)
        if self.handle is None:
            os.replace(here, there)
        else:
            os.replace(here, there, src_dir_fd=self.handle, dst_dir_fd=to.handle)

    def add(self, name: str, to: Folder, new: str) -> None:
        """Move a file or a link into another folder, never over something.

        Raises:
            FileExistsError: the new name exists.
            OSError: it cannot be moved.
        """
        try:
            self.link(name, to, new)
        except FileExistsError:
            raise
        except OSError:  # not every file system has hard links
            if to.status(new) is not None:
                raise FileExistsError(17, os.strerror(17), str(to.path / new)) from None
            self.replace(name, to, new)
        else:
            self.remove(name)

    def link(self, name: str, to: Folder, new: str) -> None:
        """Give a file, or a link itself, another name.

        Raises:
            OSError: the new name exists, or the file system has no hard links.
        """
        here, there = self._name(name), to._name(new)
        if self.handle is None:
            os.link(here, there, follow_symlinks=False)
        else:
            os.link(here, there, src_dir_fd=self.handle, dst_dir_fd=to.handle,
                    follow_symlinks=False)  # fmt: skip

    def walk(self) -> Iterator[tuple[str, list[tuple[str, os.stat_result]]]]:
        """(folder, [(name, status)]) for this folder and all below, each before those in it.

        Raises:
            OSError: a folder cannot be listed.
        """
        waiting = [""]
        while waiting:
            relative = waiting.pop()
            found = []
            with self.inner(relative) as here:
                for name in here.names():
                    status = here.status(name)
                    if status is not None:
                        found.append((name, status))
            yield relative, found
            waiting += [
                joined(relative, name) for name, status in found if stat.S_ISDIR(status.st_mode)
            ]

    def files(self, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """(path, status) of all below a folder in it that is not a folder.

        Raises:
            OSError: a folder cannot be listed.
        """
        with self.inner(below) as top:
            for inner, entries in top.walk():
                for name, status in entries:
                    if not stat.S_ISDIR(status.st_mode):
                        yield joined(below, joined(inner, name)), status

    def reaches(self, relative: str) -> bool:
        """Whether there is such a folder below, behind no link."""
        with suppress(OSError, OutputError), self.inner(relative):
            return True
        return False

    def _name(self, name: str) -> str:
        """What to call the system with."""
        if name in ("", ".", "..") or "/" in name or os.sep in name or "\0" in name:
            raise OutputError(f"{name!r} is not the name of a file in {self.path}")
        return name if self.handle is not None else os.path.join(self.path, name)


def joined(folder: str, name: str) -> str:
    """The POSIX path of a name in a folder, which is empty for the uppermost one."""
    return f"{folder}/{name}" if folder else name
