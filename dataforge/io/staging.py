"""Temporary files that are cleaned up even after a killed run, and moving them into place.

Output is written beside its target under one fixed name, `.NAME.dataforge-tmp`, and locked as long
as the run is alive. The next run that writes the same target finds it unlocked and removes it. The
target is replaced atomically wherever the operating system supports it.
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
from dataforge.interrupts import held

SUFFIX = ".dataforge-tmp"
"""Suffix of temporary files and folders."""

_OLD = "old"
_TRIES = 100
_LONGEST_NAME = 200  # bytes; file systems allow 255


@contextmanager
def claimed(target: Path, home: Path, *, folder: bool) -> Iterator[Path]:
    """Create an empty file or folder in `home`, removed at the end unless it has been moved.

    Args:
        target: path that it will be moved to.
        home: folder to create it in.
        folder: create a folder instead of a file.

    Raises:
        OutputError: another run is writing the same target.
        OSError: it cannot be created.
    """
    path = home / f".{_short(target.name)}{SUFFIX}"
    handle, ours = None, False
    try:
        with held():
            handle, ours = _claim(path, target, folder), True
        yield path
    finally:
        with held():
            if ours and (handle is None or _is_open_as(handle, path)):
                _remove(path)
            if handle is not None:
                os.close(handle)


def clear_away(target: Path) -> None:
    """Remove the leftovers of a killed run beside a completed target.

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
    """Create the file or folder; returns the locked handle, None if locks are not supported."""
    for _ in range(_TRIES):
        made = _make(path, folder)
        try:
            handle = _lock(path, target)
        except FileNotFoundError:
            continue  # the run that held it has just ended
        if handle is not None and not _is_open_as(handle, path):
            os.close(handle)  # likewise
            continue
        if made:
            return handle
        _restore(path, target)
        _remove(path)
        if handle is not None:
            os.close(handle)
    raise OutputError(f"{target}: cannot be written: {path} cannot be removed")


def _make(path: Path, folder: bool) -> bool:
    """Whether it was created; False if it already existed."""
    try:
        if folder:
            path.mkdir(mode=0o700)
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def _lock(path: Path, target: Path) -> int | None:
    if sys.platform == "win32":  # an open file cannot be removed there, which serves as a lock
        return None
    import fcntl

    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise OutputError(f"{target}: another run is writing it") from error
    except OSError:
        pass  # some network file systems do not support locks
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
    """Move the old output back if a run was killed between the two steps of `_swap`."""
    if (stage / _OLD).exists() and not os.path.lexists(out):
        os.replace(stage / _OLD, out)


# Into place -------------------------------------------------------------------------------------


def put_in_place(
    stage: Path, new: Path, out: Path, replaced: Collection[Path], *, force: bool
) -> None:
    """Move a new file or folder into place; other files in an existing folder are kept.

    At any moment, even if the run is killed, either the old or the new output exists, never a mix
    of both. Where that is impossible (the folder is a mount point or the working directory, or its
    file system does not support hard links), files are moved one by one.

    Args:
        stage: folder that holds the new output, on the same file system; the old output may be
            left in it.
        new: the file or folder that becomes `out`.
        out: path of the output.
        replaced: folders in `out` that are replaced as a whole.
        force: overwrite existing files.

    Raises:
        OutputError: the output exists and `force` is not set, or a file would replace a folder or
            a folder a file.
        OSError: it cannot be moved.
    """
    _remove_empty(new)
    moves = list(_moves(new, out, replaced))
    for source, target in moves:
        if os.path.lexists(target) and not force:
            raise OutputError(f"{target} already exists; use --force to overwrite")
        if os.path.lexists(target) and source.is_dir() != target.is_dir():
            kinds = ("a folder", "a file") if target.is_dir() else ("a file", "a folder")
            raise OutputError(f"{target} is {kinds[0]}, expected {kinds[1]}; move it away")
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
    """Remove empty folders."""
    for folder, _, _ in os.walk(new, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)


def _moves(new: Path, out: Path, replaced: Collection[Path]) -> Iterator[tuple[Path, Path]]:
    """The smallest set of (from, to) moves that moves all of `new` to `out`."""
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
    """Whether the folder contains the working directory, which must not be moved during the run."""
    try:
        here = Path(os.getcwd())
    except OSError:
        return False
    return Path(os.path.realpath(folder)) in (here, *here.parents)


class _NotLinkedError(Exception):
    """The remaining files of a folder cannot be linked into the new one."""


def _link_rest(out: Path, new: Path, replaced: Collection[Path]) -> None:
    """Hard-link into the new folder all files of the old one that are not replaced."""
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
                    raise _NotLinkedError  # files are written to the symlink's target
                elif not os.path.lexists(target):
                    os.link(entry.path, target, follow_symlinks=False)
    except OSError as error:
        raise _NotLinkedError from error


def _swap(new: Path, out: Path, stage: Path) -> None:
    try:
        _exchange(new, out)
    except OSError:
        os.replace(out, stage / _OLD)  # if the run is killed here, `_restore` undoes this
        try:
            os.replace(new, out)
        except OSError:
            os.replace(stage / _OLD, out)
            raise


def _exchange(one: Path, other: Path) -> None:
    """Swap the names of two files or folders atomically; supported on Linux only."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if rename(here, os.fsencode(one), here, os.fsencode(other), exchange):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
