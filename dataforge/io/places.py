"""Putting a new output in place: in one step where everything there is ours, else file by file.

An output that is new, or that replaces one file, is put in place by one rename. A folder that
exists is swapped for the new one, also in one step, if it holds nothing but what is replaced, all
of it belongs to the user who runs this, and the system can swap folders (Linux, macOS).

Everything else may be somebody's: a note, an image that a labelling tool saves during the run, a
folder that a group shares. So the new files are moved there one by one, and what is not replaced
is not touched. If the run fails, what was moved is moved back. If it is killed, some of the new
files are there and some are not, each of them complete; images come first, and the files that the
caller names (an annotation file, data.yaml) come last, so if these are new, all is new.

Nothing is written through a link in an output, even if it is put there during the run.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dataforge.errors import OutputError
from dataforge.io.attributes import copy_attributes
from dataforge.io.folders import Folder, joined
from dataforge.io.names import is_image

_LAST = 2
_OLD = "old"  # in the stage, what was replaced or removed, until all is done

Signature = tuple[int, int, int]


def signature(status: os.stat_result) -> Signature:
    """Differs after a file was written or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns


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
    """

    home: Folder
    name: str
    path: Path
    replaced: frozenset[str]
    inputs: Collection[str] = ()
    force: bool = False

    def tops(self, relative: str) -> list[str]:
        """Those of the replaced paths that a path is, or is below."""
        parts = PurePosixPath(relative)
        return [str(path) for path in (parts, *parts.parents) if str(path) in self.replaced]

    def is_input(self, relative: str) -> bool:
        """Whether the run has read a file of the output."""
        real = self.home.path / self.name / relative
        return bool(self.inputs) and os.path.realpath(real) in self.inputs

    def open(self) -> Folder | None:
        """The existing output, if it is a folder."""
        if self.name and not self.home.is_folder(self.name):
            return None
        return self.home.inner(self.name)

    def found(self) -> dict[str, Signature]:
        """The files below the folders that are replaced, as they are now."""
        folder = self.open()
        if folder is None:
            return {}
        with folder:
            return {
                path: signature(status)
                for top in self.replaced
                if top and _reaches(folder, top)
                for path, status in _files(folder, top)
            }


def _reaches(folder: Folder, relative: str) -> bool:
    """Whether there is such a folder, behind no link."""
    with suppress(OSError, OutputError), folder.inner(relative):
        return True
    return False


def _files(folder: Folder, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """(path, status) of all that is not a folder."""
    with folder.inner(below) as top:
        for inner, entries in top.walk():
            for name, status in entries:
                if not stat.S_ISDIR(status.st_mode):
                    yield joined(below, joined(inner, name)), status


class _Move(NamedTuple):
    """A file, or a folder that the output lacks, to be moved from the new output."""

    folder: str
    name: str
    is_file: bool

    @property
    def path(self) -> str:
        return joined(self.folder, self.name)


def put_in_place(stage: Folder, name: str, place: Place, old: Mapping[str, Signature]) -> None:
    """Move a new file or folder into place.

    Args:
        stage: folder that holds the new output, on the same file system, and at the end what was
            replaced.
        name: of the new output there.
        place: where it goes.
        old: what `Place.found` returned before the run: of the folders that are replaced, these
            files are removed if they are unchanged, and of a kind that is written there anew.

    Raises:
        OutputError: something exists and `force` is not set, or is a link or of another kind;
            nothing is changed.
        OSError: it cannot be moved; what was moved is moved back.
    """
    if stage.is_folder(name):
        _remove_empty(stage, name)
    status = stage.status(name)
    if status is None:
        return
    out = place.open() if stat.S_ISDIR(status.st_mode) else None
    if out is None:
        _put_whole(stage, name, place, is_file=not stat.S_ISDIR(status.st_mode))
        return
    with out, stage.inner(name) as new:
        moves = list(_moves(new, out, place))
        old = dict(_of_the_same_kind(new, place, old))
        if len(moves) + len(old) > 1 and _swapped(stage, name, new, out, place, old):
            return
        _Moving(stage, new, out, place).all(moves, old)


def _of_the_same_kind(
    new: Folder, place: Place, old: Mapping[str, Signature]
) -> Iterator[tuple[str, Signature]]:
    """Those of the old files whose extension one of the new files in the replaced folder has.

    So notes, and labels of another format that lie in the same folder, are kept.
    """
    kinds: dict[str, set[str]] = {top: set() for top in place.replaced}
    for path, _ in _files(new):
        for top in place.tops(path):
            kinds[top].add(PurePosixPath(path).suffix)
    for path, then in old.items():
        own = [kinds[top] for top in place.tops(path)]
        same = not any(own) or any(PurePosixPath(path).suffix in some for some in own)
        if same and not place.is_input(path):
            yield path, then


def _put_whole(stage: Folder, name: str, place: Place, *, is_file: bool) -> None:
    """Put a file in place, or a folder where there is none."""
    there = place.home.status(place.name)
    if there is None:
        if is_file:
            _add(stage, name, place.home, place.name)
        else:
            stage.replace(name, place.home, place.name)  # not over a folder that has files
        return
    if not place.force:
        raise _exists(place.path)
    if not is_file or stat.S_ISDIR(there.st_mode):
        raise _other_kind(place.path, is_file)
    if place.is_input(""):
        raise _is_input(place.path)
    stage.replace(name, place.home, place.name)


def _add(source: Folder, name: str, to: Folder, new: str) -> None:
    try:
        source.add(name, to, new)
    except FileExistsError:
        raise _exists(to.path / new) from None


def _exists(path: Path) -> OutputError:
    return OutputError(f"{path} already exists; use --force to overwrite")


def _other_kind(path: Path, is_file: bool) -> OutputError:
    kinds = ("a folder", "a file") if is_file else ("a file", "a folder")
    return OutputError(f"{path} is {kinds[0]}, expected {kinds[1]}; move it away")


def _is_input(path: Path) -> OutputError:
    return OutputError(f"{path} is read by this run, and is not overwritten; name another output")


def _remove_empty(stage: Folder, name: str) -> None:
    """Remove folders without files."""
    with stage.inner(name) as new:
        folders = [folder for folder, _ in new.walk() if folder]
    for path in [*(joined(name, folder) for folder in reversed(folders)), name]:
        folder, _, last = path.rpartition("/")
        with suppress(OSError), stage.inner(folder) as inner:
            inner.remove_empty(last)


def _moves(new: Folder, out: Folder, place: Place) -> Iterator[_Move]:
    """The smallest set of moves that moves all of `new` into `out`.

    Raises:
        OutputError: see `put_in_place`.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with new.inner(folder) as source, out.inner(folder) as target:
            for name in source.names():
                path = joined(folder, name)
                is_file, there = not source.is_folder(name), target.status(name)
                if there is None:
                    yield _Move(folder, name, is_file)
                elif not is_file and stat.S_ISDIR(there.st_mode):
                    waiting.append(path)
                elif not is_file and stat.S_ISLNK(there.st_mode) and path not in place.replaced:
                    target.inner(name)  # says what to do about it
                elif not place.force:
                    raise _exists(place.path / path)
                elif is_file == stat.S_ISDIR(there.st_mode) and not stat.S_ISLNK(there.st_mode):
                    raise _other_kind(place.path / path, is_file)
                elif place.is_input(path):
                    raise _is_input(place.path / path)
                else:
                    yield _Move(folder, name, is_file)


# One by one -------------------------------------------------------------------------------------


class _Moving:
    """Moves files into a folder that others may use, and back if one cannot be moved."""

    def __init__(self, stage: Folder, new: Folder, out: Folder, place: Place) -> None:
        self._new = new
        self._out = out
        self._place = place
        self._made = {path: signature(status) for path, status in _files(new)}
        self._last = [path for path in self._made if path in place.replaced]
        stage.make(_OLD)
        self._old = stage.inner(_OLD)
        self._undo: list[Callable[[], None]] = []

    def all(self, moves: Iterable[_Move], old: Mapping[str, Signature]) -> None:
        """Move the new files, and remove those of the old ones that are not among them."""
        steps = sorted((self._rank(move), move) for move in moves)
        with self._old:
            try:
                self._move_all(move for rank, move in steps if rank < _LAST)
                for path in sorted(old.keys() - self._made.keys()):
                    self._remove(path, old[path])
                self._move_all(move for rank, move in steps if rank == _LAST)
            except BaseException:
                for undo in reversed(self._undo):
                    with suppress(OSError, OutputError):
                        undo()
                raise
        above = {str(parent) for path in old for parent in PurePosixPath(path).parents}
        self._remove_empty(path for path in above if self._place.tops(path))

    def _rank(self, move: _Move) -> int:
        """Images come first, and the files that the caller names last."""
        if any(path == move.path or path.startswith(f"{move.path}/") for path in self._last):
            return _LAST
        return 0 if is_image(move.name) or not move.is_file else 1

    def _move_all(self, moves: Iterable[_Move]) -> None:
        for folder, inner in groupby(moves, key=lambda move: move.folder):
            with self._new.inner(folder) as source, self._out.inner(folder) as target:
                for move in inner:
                    self._move(move, source, target)

    def _move(self, move: _Move, source: Folder, target: Folder) -> None:
        there = target.status(move.name)
        if there is None:
            self._undo.append(partial(self._take_back, move))
            if move.is_file:
                _add(source, move.name, target, move.name)
            else:
                source.replace(move.name, target, move.name)
            return
        if not self._place.force:
            raise _exists(target.path / move.name)
        saved = str(len(self._undo))
        if move.is_file:
            with suppress(OSError):  # not every file system has hard links
                target.link(move.name, self._old, saved)
                self._undo.append(partial(self._put_back, move.folder, move.name, saved))
        else:  # a link, which a folder cannot replace in one step
            self._undo.append(partial(self._put_back, move.folder, move.name, saved))
            target.replace(move.name, self._old, saved)
        source.replace(move.name, target, move.name)

    def _remove(self, path: str, then: Signature) -> None:
        """Remove an old file, unless it has changed in the meantime."""
        folder, _, name = path.rpartition("/")
        if not _reaches(self._out, folder):
            return
        with self._out.inner(folder) as target:
            now, saved = target.status(name), str(len(self._undo))
            if now is not None and signature(now) == then:
                self._undo.append(partial(self._put_back, folder, name, saved))
                target.replace(name, self._old, saved)

    def _put_back(self, folder: str, name: str, saved: str) -> None:
        if self._old.status(saved) is not None:
            with self._out.inner(folder) as target:
                self._old.replace(saved, target, name)

    def _take_back(self, move: _Move) -> None:
        """Remove what was moved; whatever else is there by now stays."""
        folders: set[str] = set()
        for path, made in self._made.items():
            if path != move.path and not path.startswith(f"{move.path}/"):
                continue
            folder, _, name = path.rpartition("/")
            with suppress(OSError, OutputError), self._out.inner(folder) as target:
                now = target.status(name)
                if now is not None and signature(now) == made:
                    target.remove(name)
            above = map(str, PurePosixPath(path).parents)
            folders.update(up for up in above if f"{up}/".startswith(f"{move.path}/"))
        self._remove_empty(folders)

    def _remove_empty(self, folders: Iterable[str]) -> None:
        """Remove folders that are empty, those inside first."""
        for path in sorted(folders, key=len, reverse=True):
            folder, _, name = path.rpartition("/")
            with suppress(OSError, OutputError), self._out.inner(folder) as target:
                target.remove_empty(name)


# In one step ------------------------------------------------------------------------------------


def _swapped(
    stage: Folder, name: str, new: Folder, out: Folder, place: Place, old: Mapping[str, Signature]
) -> bool:
    """Swap an output for the new one, if all in it is ours and the system can."""
    made = dict(_files(new))
    if not place.name or place.inputs or _is_working_directory(place.path):
        return False
    seen = _all_ours(new, out, place, old)
    if seen is None:
        return False
    try:
        _keep_attributes(out, new)
        _exchange(stage, name, place.home, place.name)
    except OSError:
        return False
    if out.handle is not None and not _is(stage, name, out.handle):
        _exchange(stage, name, place.home, place.name)
        raise OutputError(f"{place.path} was replaced during the run; run the command again")
    with place.home.inner(place.name) as now:
        for path, status in _files(out):  # written since we looked
            if path not in made and seen.get(path) != signature(status):
                folder, _, last = path.rpartition("/")
                with (
                    suppress(FileExistsError),
                    out.inner(folder) as source,
                    now.inner(folder, make=True) as target,
                ):
                    source.add(last, target, last)
    return True


def _is(folder: Folder, name: str, handle: int) -> bool:
    status = folder.status(name)
    return status is not None and os.path.samestat(status, os.fstat(handle))


def _all_ours(
    new: Folder, out: Folder, place: Place, old: Mapping[str, Signature]
) -> dict[str, Signature] | None:
    """The files of an output, if all are replaced and belong to this user; else None."""
    if sys.platform == "win32" or out.handle is None:
        return None
    made: set[str] = {""}
    for folder, entries in new.walk():
        made.update(joined(folder, name) for name, _ in entries)
    top, user = os.fstat(out.handle), os.geteuid()
    if top.st_uid != user:
        return None
    seen = {}
    for folder, entries in out.walk():
        for name, status in entries:
            path, is_folder = joined(folder, name), stat.S_ISDIR(status.st_mode)
            known = path in made or (
                place.tops(path) and (is_folder or old.get(path) == signature(status))
            )
            if not known or (status.st_uid, status.st_dev) != (user, top.st_dev):
                return None
            if not is_folder:
                seen[path] = signature(status)
    return seen


def _keep_attributes(out: Folder, new: Folder) -> None:
    """Give the folders of the new output the group, mode and attributes of the old ones."""
    for folder, _ in new.walk():
        if _reaches(out, folder):
            with out.inner(folder) as old, new.inner(folder) as inner:
                if old.handle is not None and inner.handle is not None:
                    copy_attributes(old.handle, inner.handle)


def _is_working_directory(folder: Path) -> bool:
    """Whether the folder contains the working directory, which must not be moved during the run."""
    try:
        here = Path(os.getcwd())
    except OSError:
        return False
    return Path(os.path.realpath(folder)) in (here, *here.parents)


def _exchange(one: Folder, name: str, other: Folder, new: str) -> None:
    """Swap the names of two files or folders in one step.

    Raises:
        OSError: the system or the file system cannot.
    """
    import ctypes

    functions = {"linux": "renameat2", "darwin": "renameatx_np"}
    library = ctypes.CDLL(None, use_errno=True) if sys.platform in functions else None
    rename = getattr(library, functions.get(sys.platform, ""), None)
    if rename is None or one.handle is None or other.handle is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    exchange = 2  # RENAME_EXCHANGE, RENAME_SWAP
    if rename(one.handle, os.fsencode(name), other.handle, os.fsencode(new), exchange):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
