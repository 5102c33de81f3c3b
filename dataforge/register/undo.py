"""Undoes a registration."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from dataforge.errors import InputError, did_you_mean
from dataforge.frameworks import identify
from dataforge.io import REGISTRATION, write_json
from dataforge.register import path_file
from dataforge.register.listing import registered
from dataforge.register.path_file import linked_folder
from dataforge.register.record import Registration, read_registration, sha256


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
        force: also remove files that the user changed.

    Raises:
        InputError: no such registration, or none in `out`.
    """
    key, _ = identify(name)
    pths = [path_file.in_folder(folder, key) for folder in path_file.site_folders(python)]
    pths = [path for path in pths if path.is_file()]
    folders = [Path(os.path.abspath(out))] if out else [f for p in pths if (f := linked_folder(p))]
    default = Path(os.path.abspath(f"{key}_registered"))
    if not folders and read_registration(default):
        folders = [default]
    if not folders:
        raise _not_registered(name, python)
    removed: list[Path] = []
    kept: list[Path] = []
    for folder in folders:
        registration = read_registration(folder)
        if registration is not None:
            _remove_files(folder, name, registration, force, removed, kept)
        elif out:
            raise InputError(f"{folder}: nothing was registered into this folder")
    for pth in pths:
        linked = linked_folder(pth)
        if linked in folders and not any(linked in path.parents for path in kept):
            pth.unlink()
            removed.append(pth)
    return Removed(removed, kept)


def _not_registered(name: str, python: str | None) -> InputError:
    hint = did_you_mean(
        name,
        (one.name for one in registered(python)),
        "--output names the folder it was written to, and --python the Python that it was "
        "registered for",
    )
    return InputError(f"{name} is not registered here; {hint}")


def _remove_files(
    folder: Path,
    name: str,
    registration: Registration,
    force: bool,
    removed: list[Path],
    kept: list[Path],
) -> None:
    """Remove what was registered into a folder; files that a person changed only with `force`."""
    left: dict[str, str] = {}
    for path_name, digest in registration.files.items():
        path = folder / path_name
        if not path.is_file():
            continue
        if force or sha256(path.read_bytes()) == digest:
            path.unlink()
            removed.append(path)
        else:
            kept.append(path)
            left[path_name] = digest
    if left:  # what is left can be taken back later, with force
        write_json(folder / REGISTRATION, Registration(name=name, files=left))
    else:
        (folder / REGISTRATION).unlink()
    _remove_empty(folder, registration.files)


def _remove_empty(folder: Path, names: Iterable[str]) -> None:
    """Remove the folders of the files, from the inside out, if they are empty."""
    folders = {
        parent for name in names for parent in (folder / name).parents if folder in parent.parents
    }
    for inner in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        cache = inner / "__pycache__"
        if cache.is_dir():
            for compiled in cache.glob("*.pyc"):
                compiled.unlink()
            with suppress(OSError):
                cache.rmdir()
        with suppress(OSError):
            inner.rmdir()
    with suppress(OSError):
        folder.rmdir()
