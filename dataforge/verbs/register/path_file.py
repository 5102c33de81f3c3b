"""The line that makes the generated package importable: a ``.pth`` file in site-packages."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

import msgspec

from dataforge.errors import InputError, UsageError
from dataforge.frameworks import PYTHON_FOLDER, ask_python
from dataforge.io import NamedFile, atomic_write, read_file

_MODE = 0o644  # whatever the umask: who can write to it can run code in every start of Python
_MAX_BYTES = 1 << 14


def path_file(key: str, python: str | None) -> Path | None:
    """The .pth file for this name, in the first writable site-packages."""
    for folder in site_folders(python):
        if os.access(folder, os.W_OK):
            return in_folder(folder, key)
    return None


def in_folder(folder: Path, key: str) -> Path:
    """The .pth file for this name in one site-packages."""
    return folder / f"dataforge_{key}.pth"


def site_folders(python: str | None = None) -> list[Path]:
    """Where an interpreter looks for packages and .pth files, its own site-packages first.

    Raises:
        UsageError: `python` is not a Python interpreter.
    """
    # Links are not resolved: two virtual environments may share one base interpreter.
    if is_running(python):
        return own_site_folders()
    code = "[sysconfig.get_paths()['purelib']] + "
    code += "[site.getusersitepackages()] * bool(site.ENABLE_USER_SITE)"
    return [Path(folder) for folder in _texts(python, "site, sysconfig", code)]


def _texts(python: str | None, modules: str, code: str) -> list[str]:
    """The value of an expression in another Python, a list of texts.

    Raises:
        UsageError: `python` is not a Python interpreter.
    """
    output = ask_python(str(python), f"import json, {modules}; print(json.dumps({code}))")
    try:
        return msgspec.json.decode(output, type=list[str])
    except msgspec.DecodeError as error:
        raise UsageError(f"--python {python}: expected a list, got {output!r}") from error


def is_running(python: str | None) -> bool:
    """Whether this is the running interpreter."""
    return python is None or os.path.abspath(python) == sys.executable


def own_site_folders() -> list[Path]:
    """Where the running interpreter looks, its own site-packages first."""
    import site

    own = Path(sysconfig.get_paths()["purelib"])
    return [own, Path(site.getusersitepackages())] if site.ENABLE_USER_SITE else [own]


def imported_from(package: str, python: str | None) -> Path | None:
    """The folder from which an interpreter imports a package now, if it knows one."""
    if is_running(python):
        here = ("", os.getcwd())  # not searched by what trains
        spec = PathFinder.find_spec(package, [path for path in sys.path if path not in here])
        origin = spec.origin if spec is not None else None
    else:
        find = f"importlib.machinery.PathFinder.find_spec({package!r})"
        code = f"[getattr({find}, 'origin', None) or '']"
        origin = "".join(_texts(python, "importlib.machinery", code))
    return Path(origin).parent if origin else None


def write_line(file: Path | NamedFile, out: Path) -> None:
    """Make the package in a folder importable, also for the running interpreter.

    Raises:
        OutputError: the path file cannot be written, or was written during the run.
    """
    pth = file.path if isinstance(file, NamedFile) else file
    folder = str(out / PYTHON_FOLDER)
    with suppress(InputError):
        if earlier := linked_folder(pth):
            forget(earlier)
    with atomic_write(file, mode=_MODE) as stream:
        stream.write(f"{folder}\n".encode())
    if pth.parent in site_folders() and folder not in sys.path:
        sys.path.append(folder)  # path files are only read when Python starts
        importlib.invalidate_caches()


def forget(out: Path) -> None:
    """Import nothing more from a folder, in the running interpreter."""
    with suppress(ValueError):
        sys.path.remove(str(out / PYTHON_FOLDER))


def linked_folder(pth: Path) -> Path | None:
    """The folder of the registration that a path file makes importable; None without such a file.

    Raises:
        InputError: the file is not one that `register` wrote.
    """
    if not os.path.lexists(pth):
        return None
    text = read_file(pth, _MAX_BYTES).decode("utf-8", "replace")
    folder = Path(text.removesuffix("\n"))
    if (
        text.splitlines() != [str(folder)]
        or folder.name != PYTHON_FOLDER
        or not folder.is_absolute()
    ):
        raise InputError(
            f"{pth}: not a line that `register` writes; remove the file if it is yours"
        )
    return folder.parent
