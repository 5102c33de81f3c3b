"""Moving files into a folder that others may use, one by one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import PurePosixPath

from dataforge.errors import OutputError
from dataforge.io.folders import Folder
from dataforge.io.names import is_image
from dataforge.io.place import (
    Move,
    Place,
    Signature,
    add_new,
    already_exists,
    changed_meanwhile,
    moves_of,
    refuse_special,
    signature,
)
from dataforge.io.swapping import exchange

_LAST = 2
OLD = "old"
"""In the stage, what was replaced or removed, until all is done."""


class Moving:
    """Moves files into a folder that others may use, and back if one cannot be moved."""

    def __init__(self, stage: Folder, new: Folder, out: Folder, place: Place) -> None:
        self._new = new
        self._out = out
        self._place = place
        self._made = {path: signature(status) for path, status in new.files()}
        self._last = [path for path in self._made if path in place.replaced]
        stage.make(OLD)
        self._old = stage.inner(OLD)
        self._undo: list[Callable[[], None]] = []

    def all(self, moves: Iterable[Move], old: Mapping[str, Signature]) -> None:
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
        own = self._place.kept is not None
        self._remove_empty(
            path for path in above if path != "." and (own or self._place.tops(path))
        )

    def _rank(self, move: Move) -> int:
        """Images come first, and the files that the caller names last."""
        if any(path == move.path or path.startswith(f"{move.path}/") for path in self._last):
            return _LAST
        return 0 if is_image(move.name) or not move.is_file else 1

    def _move_all(self, moves: Iterable[Move]) -> None:
        for folder, inner in groupby(moves, key=lambda move: move.folder):
            with self._new.inner(folder) as source, self._out.inner(folder) as target:
                for move in inner:
                    self._move(move, source, target)

    def _move(self, move: Move, source: Folder, target: Folder) -> None:
        there = target.status(move.name)
        if there is not None:
            refuse_special(target.path / move.name, there)
        if there is not None and not move.is_file and stat.S_ISDIR(there.st_mode):
            self._merge(move)  # somebody has made it in the meantime
        elif there is None:
            self._undo.append(partial(self._take_back, move))
            if move.is_file:
                add_new(source, move.name, target, move.name)
                return
            try:
                source.replace(move.name, target, move.name)
            except OSError:
                if not target.is_folder(move.name):
                    raise
                self._merge(move)
        elif not self._place.force:
            raise already_exists(target.path / move.name)
        else:
            self._replace(move, source, target)

    def _merge(self, move: Move) -> None:
        self._move_all(sorted(moves_of(self._new, self._out, self._place, move.path)))

    def _replace(self, move: Move, source: Folder, target: Folder) -> None:
        """Move a file, or a folder where a link is, and keep what is there for the undoing."""
        saved = str(len(self._undo))
        if move.is_file and self._place.unchanged is not None:
            replace_unchanged(source, target, move.name, (self._old, saved), self._changed(move))
            self._undo.append(partial(self._put_back, move.folder, move.name, saved))
            return
        if move.is_file:
            with suppress(OSError):  # not every file system has hard links
                target.link(move.name, self._old, saved)
        elif target.is_link(move.name):  # a folder cannot replace it in one step
            target.replace(move.name, self._old, saved)
        self._undo.append(partial(self._put_back, move.folder, move.name, saved))
        source.replace(move.name, target, move.name)

    def _changed(self, move: Move) -> Callable[[os.stat_result | None], bool]:
        return partial(self._place.is_changed, move.path)

    def _remove(self, path: str, then: Signature) -> None:
        """Remove an old file, unless it has changed in the meantime."""
        folder, _, name = path.rpartition("/")
        if not self._out.reaches(folder):
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

    def _take_back(self, move: Move) -> None:
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


def replace_unchanged(
    source: Folder,
    target: Folder,
    name: str,
    old: tuple[Folder, str],
    changed: Callable[[os.stat_result | None], bool],
) -> None:
    """Move a file over one that is as it was, even if that is changed at this very moment.

    Args:
        source, target: where the file is, and goes.
        name: in both.
        old: where what was replaced goes.
        changed: whether a file is not as it was.

    Raises:
        OutputError: it is not; nothing is replaced.
        OSError: it cannot be moved.
    """
    try:
        exchange(source, name, target, name)
    except OSError:  # not every file system can
        if changed(target.status(name)):
            raise changed_meanwhile(target.path / name) from None
        target.replace(name, *old)
        source.replace(name, target, name)
    else:
        if changed(source.status(name)):
            exchange(source, name, target, name)
            raise changed_meanwhile(target.path / name)
        source.replace(name, *old)
