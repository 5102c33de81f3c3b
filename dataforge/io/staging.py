"""Temporary files that no killed run leaves for good, and the step that puts them in place.

What is written grows beside its target under one fixed name, `.NAME.dataforge-tmp`, and is locked
for as long as its run lives. The next run that writes the same target finds it without a lock and
clears it away. What is put in place changes in one step wherever the system has such a step.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dataforge.errors import OutputError

SUFFIX = ".dataforge-tmp"
"""What the names of temporary files and folders end with."""

_OLD = "old"
_TRIES = 100
_LONGEST_NAME = 200  # bytes; file systems end at 255


@contextmanager
def claimed(target: Path, home: Path, *, folder: bool) -> Iterator[Path]:
    """A new, empty file or folder in `home`, gone at the end unless it was moved away.

    Args:
        target: what it is to become.
        home: folder to make it in.
        folder: make a folder.

    Raises:
        OutputError: another run is writing the same target.
        OSError: it cannot be made.
    """
    path = home / f".{_short(target.name)}{SUFFIX}"
    handle = _claim(path, target, folder)
    try:
        yield path
    finally:
        if handle is None or _is_open_as(handle, path):
            _remove(path)
        if handle is not None:
            os.close(handle)


def clear_away(target: Path) -> None:
    """Remove what a killed run has left beside a target that was done.

    Raises:
        OutputError: another run is writing it.
    """
    with suppress(OSError), claimed(target, target.parent, folder=True):
        pass


def _short(name: str) -> str:
    if len(os.fsencode(name)) <= _LONGEST_NAME:
        return name
    import hashlib

    return hashlib.sha256(os.fsencode(name)).hexdigest()


def _claim(path: Path, target: Path, folder: bool) -> int | None:
    """Make the file or folder; the handle that holds its lock, None where there are no locks."""
    for _ in range(_TRIES):
        made = _make(path, folder)
        try:
            handle = _lock(path, target)
        except FileNotFoundError:
            continue  # the run that had it has ended since
        if handle is not None and not _is_open_as(handle, path):
            os.close(handle)  # likewise
            continue
        if made:
            return handle
        _restore(path, target)
        _remove(path)
        if handle is not None:
            os.close(handle)
    raise OutputError(f"{target}: {path} is in the way and cannot be removed")


def _make(path: Path, folder: bool) -> bool:
    """Whether it was not there."""
    try:
        if folder:
            path.mkdir(mode=0o700)
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def _lock(path: Path, target: Path) -> int | None:
    if sys.platform == "win32":  # nothing that is open there can be removed: that is lock enough
        return None
    import fcntl

    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise OutputError(f"{target}: another run is writing it") from error
    except OSError:
        pass  # some network file systems have no locks
    return handle


def _is_open_as(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _restore(stage: Path, out: Path) -> None:
    """Put back what a run was killed over, between the two steps of `_swap`."""
    if (stage / _OLD).exists() and not os.path.lexists(out):
        os.replace(stage / _OLD, out)


# In place ---------------------------------------------------------------------------------------


def put_in_place(
    stage: Path, new: Path, out: Path, replaced: Collection[Path], *, force: bool
) -> None:
    """Move a new file or folder to where it is to be; what else is in a folder there stays.

    Whoever looks, or is killed, sees the old or the new and never a part of both. Where that
    cannot be had (the folder is a mount point or the working directory, or its file system has no
    hard links), files are moved one by one.

    Args:
        stage: folder of the new, on the same file system; the old may be left in it.
        new: what is to be `out`.
        out: where it is to be.
        replaced: folders in `out` that give way as a whole.
        force: overwrite what is there.

    Raises:
        OutputError: something is there and `force` is not set, or it is a folder where a file is
            to be, or the other way around.
        OSError: it cannot be moved.
    """
    _remove_empty(new)
    moves = list(_moves(new, out, replaced))
    for source, target in moves:
        if os.path.lexists(target) and not force:
            raise OutputError(f"{target} is there already; --force overwrites it")
        if os.path.lexists(target) and source.is_dir() != target.is_dir():
            kinds = ("a folder", "a file") if target.is_dir() else ("a file", "a folder")
            raise OutputError(f"{target} is {kinds[0]}, where {kinds[1]} is to be: move it away")
    if not moves:
        return
    made = {target for _, target in moves}
    old = [path for path in replaced if path.is_dir() and path not in made]
    if len(moves) == 1 and not old and _moved_in_one_step(*moves[0]):
        return
    if stage.parent == out.parent and not _is_working_directory(out):
        with suppress(_NotLinkedError):
            _link_rest(out, new, replaced)
            _swap(new, out, stage)
            return
    old += [target for source, target in moves if source.is_dir() and os.path.lexists(target)]
    for number, target in enumerate(old):
        os.replace(target, stage / f"{_OLD}{number}")
    for source, target in moves:
        os.replace(source, target)


def _remove_empty(new: Path) -> None:
    """Remove folders without a file in them."""
    for folder, _, _ in os.walk(new, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)


def _moves(new: Path, out: Path, replaced: Collection[Path]) -> Iterator[tuple[Path, Path]]:
    """The fewest (from, to) that bring all of `new` to `out`."""
    waiting = [(new, out)]
    while waiting:
        source, target = waiting.pop()
        if _is_folder(source) and target.is_dir() and target not in replaced:
            names = sorted(os.listdir(source), reverse=True)
            waiting += [(source / name, target / name) for name in names]
        elif os.path.lexists(source):
            yield source, target


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _moved_in_one_step(source: Path, target: Path) -> bool:
    if _is_folder(source) and os.path.lexists(target):
        try:
            _exchange(source, target)
        except OSError:
            return False
    else:
        os.replace(source, target)
    return True


def _is_working_directory(folder: Path) -> bool:
    """Whether this run stands in the folder, which would be taken away from under it."""
    try:
        here = Path(os.getcwd())
    except OSError:
        return False
    return Path(os.path.realpath(folder)) in (here, *here.parents)


class _NotLinkedError(Exception):
    """The rest of a folder cannot be had in the new one."""


def _link_rest(out: Path, new: Path, replaced: Collection[Path]) -> None:
    """Give the new folder all that the old one has and that does not give way."""
    folders = [(out, new)]
    try:
        while folders:
            old, folder = folders.pop()
            shutil.copystat(old, folder)
            for entry in [*os.scandir(old)]:
                target = folder / entry.name
                if Path(entry.path) in replaced:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    target.mkdir(exist_ok=True)
                    folders.append((Path(entry.path), target))
                elif entry.is_symlink() and _is_folder(target):
                    raise _NotLinkedError  # the link's own folder gets the files
                elif not os.path.lexists(target):
                    os.link(entry.path, target, follow_symlinks=False)
    except OSError as error:
        raise _NotLinkedError from error


def _swap(new: Path, out: Path, stage: Path) -> None:
    try:
        _exchange(new, out)
    except OSError:
        os.replace(out, stage / _OLD)  # a run that is killed here leaves it to `_restore`
        try:
            os.replace(new, out)
        except OSError:
            os.replace(stage / _OLD, out)
            raise


def _exchange(one: Path, other: Path) -> None:
    """Two files or folders take each other's names in one step, which Linux alone can."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if rename(here, os.fsencode(one), here, os.fsencode(other), exchange):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
