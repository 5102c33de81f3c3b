"""Lists the datasets that are registered for a Python."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from dataforge.frameworks import frameworks
from dataforge.register import path_file
from dataforge.register.path_file import linked_folder
from dataforge.register.record import read_registration


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that a line in site-packages makes importable.

    Attributes:
        name: of the dataset, as registered; from the path file if the folder is gone.
        folder: with the written files.
        path_file: the ``dataforge_<name>.pth`` with the line.
        frameworks: that it is registered for.
        exists: whether the folder still contains the registration.
    """

    name: str
    folder: Path
    path_file: Path
    frameworks: tuple[str, ...] = ()
    exists: bool = True


def registered(python: str | None = None) -> list[Registered]:
    """The datasets that are registered for a Python, by name.

    Args:
        python: the interpreter; None is the running one.

    Raises:
        UsageError: `python` is not a Python interpreter.
        ParseError: a registration record cannot be read.
    """
    found = []
    for site in path_file.site_folders(python):
        for line in sorted(site.glob("dataforge_*.pth")):
            folder = linked_folder(line)
            if folder is None:
                continue
            record = read_registration(folder)
            modules = {PurePosixPath(file).stem for file in record.files} if record else set()
            found.append(
                Registered(
                    name=record.name if record else line.stem.removeprefix("dataforge_"),
                    folder=folder,
                    path_file=line,
                    frameworks=tuple(name for name in frameworks() if name in modules),
                    exists=record is not None,
                )
            )
    return sorted(found, key=lambda one: one.name)
