"""What may lie in the folder of a registration: its own files, and Python's caches of them.

Python searches one of its folders at every start, and the folder of a script when that runs. So a
file that a stranger put there would be run, whatever its name.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath

from dataforge.errors import OutputError
from dataforge.frameworks import PYTHON_FOLDER, get_framework, package_name
from dataforge.io import REGISTRATION
from dataforge.verbs.register.record import Registration, read_registration
from dataforge.verbs.register.request import Plan

_CACHE = "__pycache__"
_SHOWN = 3
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_contents(plan_: Plan) -> None:
    """Refuse an output folder that contains anything else than this registration.

    Raises:
        OutputError: it does, or is a link or a file, or belongs to another dataset.
        ParseError: its record is invalid.
    """
    out = plan_.out
    if out.is_symlink():
        raise OutputError(f"{out} is a link; name the folder that it leads to")
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file; choose another --output")
    record = read_registration(out)
    if record is not None and record.key != plan_.dataset.key:
        raise OutputError(
            f"{out} contains the registration of {record.name}; choose another --output, or "
            "unregister it first"
        )
    try:
        found = list(islice(foreign(out, _known(plan_, record)), _SHOWN + 1))
    except OSError as error:
        raise OutputError(f"{out}: cannot be read: {error.strerror or error}") from error
    if found:
        more = ", ..." if len(found) > _SHOWN else ""
        raise OutputError(
            f"{out} contains what `register` did not write: {', '.join(found[:_SHOWN])}{more}; "
            "choose another --output, or remove it"
        )


def _known(plan_: Plan, record: Registration | None) -> set[str]:
    """The files that this run writes, and those of its record that no import can find.

    The record may be forged. Other modules of the package are found only by those who ask for
    them, but a file beside a script is found by whatever the script imports.
    """
    scripts = script_folders(plan_)
    recorded = [PurePosixPath(name) for name in (record.files if record else ())]
    harmless = {
        str(path)
        for path in recorded
        if path.parts[0] != PYTHON_FOLDER
        and not any(path.is_relative_to(folder) for folder in scripts)
    }
    modules = modules_of(record, plan_.dataset.key) if record else set()
    return {REGISTRATION, *(file.path for file in plan_.files), *harmless, *modules}


def modules_of(record: Registration, key: str) -> set[str]:
    """The recorded modules of a dataset's package; no other name is one that `register` writes."""
    folder = PurePosixPath(PYTHON_FOLDER, package_name(key))
    paths = map(PurePosixPath, record.files)
    return {
        str(path)
        for path in paths
        if path.parent == folder and path.suffix == ".py" and path.stem.isidentifier()
    }


def script_folders(plan_: Plan) -> list[PurePosixPath]:
    """The folders of generated scripts, which Python searches for what these import."""
    return [
        PurePosixPath(target.config).parent
        for target in plan_.targets
        if not get_framework(target.framework).trainer
    ]


def foreign(out: Path, known: Collection[str], start: str = "") -> Iterator[str]:
    """What lies below a folder and is neither a known file nor a cache of one; links are not.

    Args:
        out: the folder.
        known: names of files, relative to it.
        start: the folder in it to begin with; empty for all.
    """
    folders = {str(parent) for name in known for parent in PurePosixPath(name).parents}
    waiting = [start]
    while waiting:
        inner = waiting.pop()
        with os.scandir(out / inner) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = f"{inner}/{entry.name}" if inner else entry.name
            if entry.is_symlink():
                yield f"{name} (a link)"
            elif entry.is_dir(follow_symlinks=False):
                if entry.name == _CACHE:
                    yield from _foreign_caches(out, name, known)
                elif name in folders:
                    waiting.append(name)
                else:
                    yield f"{name}/"
            elif name not in known or not entry.is_file(follow_symlinks=False):
                yield name


def _foreign_caches(out: Path, cache: str, known: Collection[str]) -> Iterator[str]:
    folder = PurePosixPath(cache).parent
    names = (PurePosixPath(name) for name in known)
    modules = [out / name for name in names if name.parent == folder and name.suffix == ".py"]
    own = {path.name for module in modules for path in caches(module)}
    yield from (f"{cache}/{name}" for name in sorted(os.listdir(out / cache)) if name not in own)


def caches(module: Path) -> list[Path]:
    """Python's caches of a module: Python runs them, and does not always compare them with it."""
    folder = module.parent / _CACHE
    if folder.is_symlink() or not folder.is_dir():
        return []
    pattern = re.compile(re.escape(module.stem) + r"\.[\w-]+(\.opt-\w+)?\.pyc")
    with os.scandir(folder) as entries:
        return sorted(
            Path(entry.path)
            for entry in entries
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        )


def remove_caches(module: Path) -> None:
    """Remove Python's caches of a module, and their folder if nothing else is in it."""
    for path in caches(module):
        path.unlink()
    with suppress(OSError):
        (module.parent / _CACHE).rmdir()


def close_to_others(paths: Iterable[Path]) -> None:
    """Let nobody else write to files and folders, whatever the umask was."""
    for path in paths:
        with suppress(OSError):  # not there; or a file system without permissions
            mode = path.stat(follow_symlinks=False).st_mode
            if mode & _WRITABLE_BY_OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~_WRITABLE_BY_OTHERS)
