"""Writes what is planned, without overwriting what the user changed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from dataforge.errors import OutputError
from dataforge.frameworks import PYTHON_FOLDER
from dataforge.io import (
    REGISTRATION,
    NamedFile,
    Signature,
    signature,
    staged,
    write_json,
    write_text,
)
from dataforge.shell import command_line
from dataforge.verbs.register.contents import (
    check_contents,
    close_to_others,
    remove_caches,
    script_folders,
)
from dataforge.verbs.register.path_file import linked_folder, write_line
from dataforge.verbs.register.record import Registration, digest_of, read_registration, sha256
from dataforge.verbs.register.request import Plan

DEMO_MARK = "dataforge_demo"
"""A file with this name marks the folder of a demo, which may be overwritten."""


def apply(plan_: Plan, force: bool = False) -> list[Path]:
    """Write the planned files and make the package importable.

    Args:
        plan_: what `plan` returned.
        force: overwrite files that the user changed, and another registration with this name.

    Returns:
        The files written, without those that are unchanged.

    Raises:
        OutputError: the folder contains anything else, a file was changed by hand, or the name is
            registered from another folder; nothing is written then.
    """
    unchanged = None if force else _signatures(plan_)
    check_applicable(plan_, force)
    is_new = not os.path.lexists(plan_.out)
    pth = NamedFile(plan_.pth, force=True) if plan_.pth is not None else None
    old = read_registration(plan_.out)
    written = []
    hashes = dict(old.files) if old else {}
    hashes |= {file.path: sha256(file.text.encode()) for file in plan_.files}
    dataset = plan_.dataset
    data = dict.fromkeys(posixpath.join(dataset.root, path) for path in dataset.paths() if path)
    registration = Registration(name=dataset.name, files=hashes, data=tuple(data))
    record = [plan_.out / REGISTRATION]
    with staged(plan_.out, record, force=not is_new, unchanged=unchanged) as stage:
        for file in plan_.files:
            path = plan_.out / file.path
            if not path.is_file() or digest_of(path) != hashes[file.path]:
                write_text(stage / file.path, file.text)
                written.append(path)
        if registration != old:
            write_json(stage / REGISTRATION, registration)
        check_applicable(plan_, force)  # others may have put something there in the meantime
    _protect(plan_, hashes, is_new)
    check_contents(plan_)
    if pth is not None:
        write_line(pth, plan_.out)
    return written


def _signatures(plan_: Plan) -> dict[str, Signature]:
    """Of the existing files that may be replaced, as they are now."""
    found = {}
    for path in (REGISTRATION, *(file.path for file in plan_.files)):
        with suppress(OSError):
            found[path] = signature(os.lstat(plan_.out / path))
    return found


def _protect(plan_: Plan, names: Iterable[str], is_new: bool) -> None:
    """Leave others no way into what Python imports: neither their caches nor write permission."""
    searched = [PurePosixPath(PYTHON_FOLDER), *script_folders(plan_)]
    paths = [PurePosixPath(name) for name in names]
    imported = [path for path in paths if any(map(path.is_relative_to, searched))]
    ours = {part for path in imported for part in (path, *path.parents) if is_new or part.name}
    close_to_others(plan_.out / part for part in ours)
    for path in paths:
        if path.suffix == ".py":
            remove_caches(plan_.out / path)


def check_applicable(plan_: Plan, force: bool = False) -> None:
    """Raise OutputError if `apply` would not write; see there."""
    check_contents(plan_)
    if force:
        return
    old = read_registration(plan_.out)
    changed = [
        file.path
        for file in plan_.files
        if not _may_replace(
            plan_.out / file.path, file.text, old.files.get(file.path) if old else None
        )
    ]
    if changed:
        raise OutputError(
            f"{plan_.out}: changed by hand or not made by dataforge: {', '.join(changed)}; "
            "--dry-run shows the difference; --force overwrites"
        )
    other = registered_folder(plan_)
    if other is None or other == plan_.out or not other.exists():
        return
    if not (other.parent / DEMO_MARK).is_file():  # a demo may be overwritten
        undo = command_line("dataforge", "unregister", plan_.dataset.name)
        raise OutputError(
            f"{plan_.dataset.name} is already registered, from {other}; "
            f"`{undo or 'dataforge unregister'}` undoes that; --force replaces it"
        )


def _may_replace(path: Path, text: str, recorded: str | None) -> bool:
    return not path.exists() or digest_of(path) in (sha256(text.encode()), recorded)


def registered_folder(plan_: Plan) -> Path | None:
    """The folder from which the plan's name is already registered, if it is."""
    return linked_folder(plan_.pth) if plan_.pth is not None else None
