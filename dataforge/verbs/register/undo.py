"""Undoes a registration."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from dataforge.errors import InputError, did_you_mean
from dataforge.frameworks import identify
from dataforge.interrupts import held
from dataforge.io import REGISTRATION, write_json
from dataforge.verbs.register import path_file
from dataforge.verbs.register.contents import remove_caches
from dataforge.verbs.register.listing import registered
from dataforge.verbs.register.path_file import linked_folder
from dataforge.verbs.register.record import Registration, digest_of, read_registration


class Removed(msgspec.Struct, frozen=True):
    """The files that `unregister` removed, and those that it kept because the user changed them."""

    removed: list[Path]
    kept: list[Path]


def unregister(
    name: str, out: str | None = None, python: str | None = None, force: bool = False
) -> Removed:
    """Undo a registration: remove the path file, and every file that is unchanged.

    If a file is kept, it stays registered, so that `force` finds it later.

    Args:
        name: of the dataset.
        out: the folder it was written to, if no path file names it.
        python: interpreter that it was registered for.
        force: also remove files that the user changed, and a path file whose folder is not that of
            the dataset any more.

    Raises:
        InputError: no such registration, or none in `out`; or a folder or a file of it is a link,
            or its record or path file is not what `register` wrote. Nothing is removed then.
    """
    key, _ = identify(name)
    pths = [path_file.in_folder(folder, key) for folder in path_file.site_folders(python)]
    links = {pth: folder for pth in pths if (folder := linked_folder(pth))}
    default = Path(os.path.abspath(f"{key}_registered"))
    if out:
        folders = [Path(os.path.abspath(out))]
    else:
        folders = [*dict.fromkeys(links.values())]
        if not folders and os.path.lexists(default / REGISTRATION):
            folders = [default]
    if not folders:
        raise _not_registered(name, python)
    records: dict[Path, Registration | None] = {}
    for folder in folders:
        try:
            records[folder] = _registration(folder, key, named=out is not None)
        except InputError:
            if not force or folder not in links.values():
                raise
            records[folder] = None  # the path file alone
    removed: list[Path] = []
    kept: list[Path] = []
    with held():
        for folder, record in records.items():
            if record is not None:
                _remove_files(folder, record, force, removed, kept)
        for pth, folder in links.items():
            if folder in records and not any(folder in path.parents for path in kept):
                pth.unlink()
                removed.append(pth)
                path_file.forget(folder)
    return Removed(removed, kept)


def _not_registered(name: str, python: str | None) -> InputError:
    hint = did_you_mean(
        name,
        (one.name for one in registered(python)),
        "--output names the folder it was written to, and --python the Python that it was "
        "registered for",
    )
    return InputError(f"{name} is not registered here; {hint}")


def _registration(folder: Path, key: str, *, named: bool) -> Registration | None:
    """The registration of a dataset in a folder; None if the folder is gone and was not named.

    Raises:
        InputError: there is none of this dataset, or something in its place is a link.
    """
    alone = "" if named else "; --force removes the path file alone"
    if folder.is_symlink():
        raise InputError(f"{folder} is a link{alone or '; name the folder that it leads to'}")
    record = read_registration(folder)
    if record is None:
        if not named and not os.path.lexists(folder):
            return None
        raise InputError(f"{folder}: nothing was registered into this folder{alone}")
    if record.key != key:
        raise InputError(f"{folder} contains the registration of {record.name}{alone}")
    for inner in (*_folders(record), *record.files):
        if os.path.islink(path := os.path.join(folder, inner)):
            raise InputError(f"{path} is a link, which `register` did not write; remove it first")
    return record


def _folders(record: Registration) -> list[str]:
    """The folders of the recorded files, each once, the outer ones first."""
    found: set[str] = set()
    for name in record.files:
        while (name := name.rpartition("/")[0]) and name not in found:
            found.add(name)
    return sorted(found, key=lambda folder: folder.count("/"))


def _remove_files(
    folder: Path, record: Registration, force: bool, removed: list[Path], kept: list[Path]
) -> None:
    """Remove what was registered into a folder; files that a person changed only with `force`."""
    left: dict[str, str] = {}
    for name, digest in record.files.items():
        path = folder / name
        if not path.is_file():
            continue
        if force or digest_of(path) == digest:
            path.unlink()
            removed.append(path)
            if path.suffix == ".py":
                remove_caches(path)
        else:
            kept.append(path)
            left[name] = digest
    if left:  # what is left can be taken back later, with force
        write_json(folder / REGISTRATION, msgspec.structs.replace(record, files=left))
    else:
        (folder / REGISTRATION).unlink()
    for inner in (*reversed(_folders(record)), ""):
        with suppress(OSError):
            (folder / inner).rmdir()
