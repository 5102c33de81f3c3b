"""Lists the datasets that are registered for a Python."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path, PurePosixPath

import msgspec

from dataforge.errors import InputError
from dataforge.frameworks import PYTHON_FOLDER, frameworks
from dataforge.verbs.register import path_file
from dataforge.verbs.register.contents import foreign, modules_of
from dataforge.verbs.register.path_file import linked_folder
from dataforge.verbs.register.record import read_registration

_SHOWN = 3


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that a line in site-packages makes importable.

    Attributes:
        name: of the dataset, as registered; from the path file if the folder is gone.
        folder: with the written files.
        path_file: the ``dataforge_<name>.pth`` with the line.
        frameworks: that it is registered for.
        exists: whether the folder still contains the registration.
        problems: what is wrong with the path file or the folder, one sentence each.
        missing: written files, and folders and files of the data, that do not exist any more.
    """

    name: str
    folder: Path
    path_file: Path
    frameworks: tuple[str, ...] = ()
    exists: bool = True
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def registered(python: str | None = None) -> list[Registered]:
    """The datasets that are registered for a Python, by name.

    Args:
        python: the interpreter; None is the running one.

    Raises:
        UsageError: `python` is not a Python interpreter.
    """
    lines = [
        line
        for site in path_file.site_folders(python)
        for line in sorted(site.glob("dataforge_*.pth"))
    ]
    return sorted(map(_registered, lines), key=lambda one: one.name)


def _registered(line: Path) -> Registered:
    """What a path file makes importable."""
    key = line.stem.removeprefix("dataforge_")
    folder, record, problems = line.parent, None, []
    try:
        folder = linked_folder(line) or folder
        record = read_registration(folder)
    except InputError as error:
        problems.append(str(error))
    if record is not None and record.key != key:
        problems.append(f"{line}: {folder} contains the registration of {record.name}")
        record = None
    searched = folder / PYTHON_FOLDER
    if searched.is_symlink():
        problems.append(f"{searched} is a link, which `register` did not write")
    elif searched.is_dir():
        known = modules_of(record, key) if record else set()
        names = islice(foreign(folder, known, PYTHON_FOLDER), _SHOWN)
        problems += [f"{folder / name} was not written by `register`" for name in names]
    stands = [*(str(folder / name) for name in record.files), *record.data] if record else []
    modules = {PurePosixPath(file).stem for file in record.files} if record else set()
    return Registered(
        name=record.name if record else key,
        folder=folder,
        path_file=line,
        frameworks=tuple(name for name in frameworks() if name in modules),
        exists=record is not None,
        problems=tuple(problems),
        missing=tuple(path for path in stands if not os.path.exists(path)),
    )
