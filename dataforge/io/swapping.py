"""Swapping a whole folder for a new one in one step."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from dataforge.errors import OutputError
from dataforge.io.attributes import copy_attributes
from dataforge.io.folders import Folder, joined
from dataforge.io.place import Place, Signature, changed_meanwhile, signature


def swapped(
    stage: Folder, name: str, new: Folder, out: Folder, place: Place, old: Mapping[str, Signature]
) -> bool:
    """Swap an output for the new one, if all in it is ours and the system can."""
    made = dict(new.files())
    if (
        not place.name
        or place.inputs
        or (place.unchanged is not None and place.kept is None)
        or _is_working_directory(place.path)
    ):
        return False
    seen = _all_ours(new, out, place, old)
    if seen is None:
        return False
    try:
        _keep_attributes(out, new)
        exchange(stage, name, place.home, place.name)
    except OSError:
        return False
    if out.handle is not None and not _is(stage, name, out.handle):
        exchange(stage, name, place.home, place.name)
        raise OutputError(f"{place.path} was replaced during the run; run the command again")
    found = [*out.files()]
    for path, status in found:
        if path in made and place.is_changed(path, status):
            exchange(stage, name, place.home, place.name)
            raise changed_meanwhile(place.path / path)
    with place.home.inner(place.name) as now:
        for path, status in found:  # written since we looked
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
    above = {str(folder) for path in old for folder in PurePosixPath(path).parents}
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
                bool(place.tops(path)) or path in above
                if is_folder
                else old.get(path) == signature(status)
            )
            if not known or (status.st_uid, status.st_dev) != (user, top.st_dev):
                return None
            if not is_folder:
                if place.is_changed(path, status):
                    return None
                seen[path] = signature(status)
    return seen


def _keep_attributes(out: Folder, new: Folder) -> None:
    """Give the folders of the new output the group, mode and attributes of the old ones."""
    for folder, _ in new.walk():
        if out.reaches(folder):
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


def exchange(one: Folder, name: str, other: Folder, new: str) -> None:
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
