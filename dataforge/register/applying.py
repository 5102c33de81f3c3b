"""Writes what is planned, without overwriting what the user changed."""

from __future__ import annotations

import importlib
import shlex
import sys
from pathlib import Path

from dataforge.errors import OutputError
from dataforge.io import REGISTRATION, staged, write_json, write_text
from dataforge.register import path_file
from dataforge.register.path_file import linked_folder
from dataforge.register.record import Registration, read_registration, sha256
from dataforge.register.request import Plan

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
        OutputError: a file was changed by hand or not written by dataforge, or the name is
            registered from another folder; nothing is written then.
    """
    if not force:
        check_applicable(plan_)
    old = read_registration(plan_.out)
    written = []
    hashes = dict(old.files) if old else {}
    hashes |= {file.path: sha256(file.text.encode()) for file in plan_.files}
    registration = Registration(name=plan_.dataset.name, files=hashes)
    with staged(plan_.out, [plan_.out / REGISTRATION], force=True) as stage:
        for file in plan_.files:
            path = plan_.out / file.path
            if not path.is_file() or path.read_bytes() != file.text.encode():
                write_text(stage / file.path, file.text)
                written.append(path)
        if registration != old:
            write_json(stage / REGISTRATION, registration)
    if plan_.pth is not None:
        write_text(plan_.pth, f"{plan_.out}\n")
        if plan_.pth.parent in path_file.site_folders() and str(plan_.out) not in sys.path:
            sys.path.append(str(plan_.out))  # path files are only read when Python starts
            importlib.invalidate_caches()
    return written


def check_applicable(plan_: Plan) -> None:
    """Raise OutputError if `apply` would overwrite files that are not its own."""
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
        raise OutputError(
            f"{plan_.dataset.name} is already registered, from {other}; "
            f"`dataforge unregister {shlex.quote(plan_.dataset.name)}` undoes that; --force "
            "replaces it"
        )


def _may_replace(path: Path, text: str, recorded: str | None) -> bool:
    if not path.exists():
        return True
    data = path.read_bytes()
    return data == text.encode() or sha256(data) == recorded


def registered_folder(plan_: Plan) -> Path | None:
    """The folder from which the plan's name is already registered, if it is."""
    return linked_folder(plan_.pth) if plan_.pth is not None else None
