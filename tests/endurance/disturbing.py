"""Those who disturb a run: one in the folder that it reads, one where it writes.

What a disturber does to a path is atomic: it prepares the new thing elsewhere and renames. It goes
through no link of its own making, so that it changes nothing outside by itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".dataforge-tmp"


class Disturber(threading.Thread):
    """Does one thing after the other until it is stopped.

    Args:
        draw: what to do, and when.
        delay: seconds until the first action.
        pause: seconds between two of them, at most.

    Attributes:
        told: what was done, in order.
        error: what ended it before its time.
    """

    def __init__(self, draw: random.Random, delay: float, pause: float) -> None:
        super().__init__(daemon=True)
        self.draw = draw
        self.told: list[str] = []
        self.error: BaseException | None = None
        self._delay, self._pause = delay, pause
        self._done = threading.Event()

    def run(self) -> None:
        try:
            self._done.wait(self._delay)
            while not self._done.is_set():
                with contextlib.suppress(OSError):  # the run, or what it did itself, was faster
                    self.act()
                self._done.wait(self.draw.uniform(0, self._pause))
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self.error = error

    def act(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def stop(self) -> None:
        """Wait until it is over."""
        self._done.set()
        self.join()
        if self.error is not None:
            raise self.error


class InSource(Disturber):
    """Deletes, cuts off and replaces what is read; half of it is put back a little later.

    Args:
        source: the folder.
        secrets: a folder with the same names, outside; None if no link may lead out, because the
            user has named the files.
        scratch: an empty folder on the same file system.
        draw, delay, pause: see `Disturber`.
    """

    def __init__(
        self, source: Path, secrets: Path | None, scratch: Path, draw: random.Random,
        delay: float, pause: float,
    ) -> None:  # fmt: skip
        super().__init__(draw, delay, pause)
        self._source, self._secrets, self._scratch = source, secrets, scratch
        self._real = os.path.realpath(source)
        inner = sorted(path for path in source.rglob("*"))
        self._files = [path for path in inner if path.is_file()]
        self._folders = [path for path in inner if path.is_dir()]
        self._number = 0

    def act(self) -> None:
        if self._folders and self.draw.random() < 0.2:
            path = self.draw.choice(self._folders)
            kinds = ["away", "file", "link", "nowhere", "pipe"]
        else:
            path = self.draw.choice(self._files)
            kinds = ["away", "cut", "link", "link", "zero", "nowhere", "itself", "pipe", "folder"]
        kind = self.draw.choice(kinds)
        if not self._is_inside(path.parent):
            return
        self.told.append(f"{kind} {path.relative_to(self._source)}")
        if kind == "cut":
            self._cut(path)
            return
        kept = self._spare()
        os.rename(path, kept)
        if kind != "away":
            self._put(kind, path)
        back = self.draw.random()
        if kind == "away" and path in self._folders:
            back = 0.0
        if back < 0.5:
            self._done.wait(self.draw.uniform(0, self._pause))
            with contextlib.suppress(FileNotFoundError):
                os.rename(path, self._spare())
            os.rename(kept, path)

    def _put(self, kind: str, path: Path) -> None:
        new = self._spare()
        relative = path.relative_to(self._source)
        if kind == "link":
            secret = self._secrets / relative if self._secrets else path.with_name("nothing")
            os.symlink(secret, new)
        elif kind in ("zero", "nowhere", "itself"):
            places = {"zero": "/dev/zero", "nowhere": "/nowhere/at/all", "itself": path.name}
            os.symlink(places[kind], new)
        elif kind == "pipe":
            os.mkfifo(new)
        elif kind == "folder":
            new.mkdir()
        else:
            new.write_text("{}")
        os.rename(new, path)

    def _cut(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                os.ftruncate(handle, self.draw.randint(0, max(status.st_size - 1, 0)))
        finally:
            os.close(handle)

    def _is_inside(self, folder: Path) -> bool:
        real = os.path.realpath(folder)
        return f"{real}/".startswith(f"{self._real}/")

    def _spare(self) -> Path:
        self._number += 1
        return self._scratch / f"source{self._number}"


class Foreign(NamedTuple):
    """What somebody else has made.

    Attributes:
        handle: an open descriptor, by which it is found wherever it is by now.
        path: where it was made, or where it was moved to by the one who made it.
        content: of a file; None of anything else.
    """

    handle: int
    path: Path
    content: bytes | None

    def lost(self) -> str:
        """What has happened to it; empty if nothing has."""
        try:
            same = os.path.samestat(os.lstat(self.path), os.fstat(self.handle))
        except OSError as error:
            return f"{self.path}: {error.strerror}"
        if not same:
            return f"{self.path} was replaced"
        if self.content is None:
            return ""
        return "" if self.path.read_bytes() == self.content else f"{self.path} was changed"


class InOutput(Disturber):
    """Makes files and folders where the output goes, and removes what is temporary.

    Args:
        out: the output, a folder or a file.
        inner: names that the run itself gives to files in it.
        over: the run may overwrite and remove what has a name of its own: such are not made.
        victim: a folder outside that links lead to.
        scratch: an empty folder on the same file system.
        group: process group of the run, that stands still while its temporary files are removed.
        draw, delay, pause: see `Disturber`.

    Attributes:
        foreign: what was made, all of which has to stay.
        moved: folders that were moved away: where they are -> where they were.
        removed: whether temporary files were removed.
    """

    def __init__(
        self, out: Path, inner: list[str], over: bool, victim: Path, scratch: Path, group: int,
        draw: random.Random, delay: float, pause: float,
    ) -> None:  # fmt: skip
        super().__init__(draw, delay, pause)
        self.out, self._inner, self._over = out, inner, over
        self._victim, self._scratch, self._group = victim, scratch, group
        self.foreign: list[Foreign] = []
        self.moved: dict[Path, Path] = {}
        self.removed = False
        self._folders = sorted({str(Path(name).parent) for name in inner} - {"."}) or ["images"]
        self._number = 0
        # Few rounds have all of it, as most of it ends a run early.
        every: list[Callable[[], None]] = [self._beside, self._inside, self._same, self._swap,
                                           self._temporary]  # fmt: skip
        self._kinds = draw.sample(every, draw.randint(1, 3))

    def act(self) -> None:
        self.draw.choice(self._kinds)()

    def close(self) -> None:
        """Let go of what was made."""
        for one in self.foreign:
            os.close(one.handle)

    def _beside(self) -> None:
        self._make(self.out.parent / self._free_name())

    def _inside(self) -> None:
        folder = self.out / self.draw.choice(["", *self._folders])
        if self.out.suffix or not self._is_inside(folder):
            return
        if not self.out.is_dir() and self.draw.random() < 0.7:
            return  # an output that exists is put in place in another way
        folder.mkdir(parents=True, exist_ok=True)
        self._make(folder / self._free_name())

    def _same(self) -> None:
        """Take a name that the run is to take."""
        if self._over:
            return
        path = self.out / self.draw.choice(self._inner) if self._inner else self.out
        if self._is_inside(path.parent) and path.parent.is_dir():
            self._make(path)

    def _swap(self) -> None:
        """Put a link that leads out where a folder of the output is."""
        if self.out.suffix:
            return
        path = self.out / self.draw.choice(self._folders)
        if not self._is_inside(path.parent) or not self.out.is_dir():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._number += 1
        aside = self._scratch / f"aside{self._number}"
        with contextlib.suppress(FileNotFoundError):
            if not path.is_symlink():
                os.rename(path, aside)
                self.moved[aside] = path
                self._follow(path, aside)
                self.told.append(f"moved {path} to {aside}")
        os.symlink(self._victim, path)
        self.told.append(f"link {path}")

    def _follow(self, path: Path, aside: Path) -> None:
        for number, one in enumerate(self.foreign):
            if one.path.is_relative_to(path):
                moved = aside / one.path.relative_to(path)
                self.foreign[number] = one._replace(path=moved)

    def _temporary(self) -> None:
        """Remove temporary files, or move them away, all at once."""
        found = [path for path in self.out.parent.iterdir() if path.name.endswith(SUFFIX)]
        if not found or self.draw.random() < 0.5:
            return
        path = self.draw.choice(found)
        with stopped(self._group):
            self._number += 1
            gone = self._scratch / f"gone{self._number}"
            os.rename(path, gone)
            self.removed = True
            self.told.append(f"removed {path}")
            if self.draw.random() < 0.7:
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    def _free_name(self) -> str:
        self._number += 1
        ending = "md" if self._over else self.draw.choice(["md", "jpg", "json", "xml", "txt"])
        return f"theirs{self._number}.{ending}"

    def _make(self, path: Path) -> None:
        kind = self.draw.choice(["file", "file", "file", "link", "folder", "pipe"])
        self._number += 1
        new, inner, content = self._scratch / f"made{self._number}", "", None
        if kind == "link":
            os.symlink(self._victim / "kept.txt", new)
        elif kind == "pipe":
            os.mkfifo(new)
        else:
            content = f"theirs {self._number}".encode()
            if kind == "folder":
                new.mkdir()
                inner = "inner.txt"
            (new / inner).write_bytes(content)
        handle = os.open(new / inner, os.O_PATH | os.O_NOFOLLOW)
        try:
            rename_to_free(new, path)
        except OSError:
            os.close(handle)
            raise
        self.told.append(f"{kind} {path}")
        self.foreign.append(Foreign(handle, path / inner, content))

    def _is_inside(self, folder: Path) -> bool:
        """Whether it leads through no link of ours."""
        return os.path.realpath(folder) == str(folder)


def rename_to_free(old: Path, new: Path) -> None:
    """Rename a file or a folder; never over another one.

    Raises:
        OSError: the new name is taken, or its folder does not exist.
    """
    here, no_replace = -100, 1  # AT_FDCWD, RENAME_NOREPLACE
    names = os.fsencode(old), os.fsencode(new)
    if ctypes.CDLL(None, use_errno=True).renameat2(here, names[0], here, names[1], no_replace):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(new))


@contextlib.contextmanager
def stopped(group: int) -> Iterator[None]:
    """Let no process of a group run.

    Raises:
        ProcessLookupError: there is none.
    """
    os.killpg(group, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not all(state in "TtZX" for state in states(group)):
            time.sleep(0.001)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)


def states(group: int) -> Iterator[str]:
    """The states of the processes of a group, one letter each."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, own, *_ = path.read_text("utf-8", "replace").rsplit(") ", 1)[1].split()
            if int(own) == group:
                yield state
