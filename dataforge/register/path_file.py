"""The line that makes the generated package importable: a ``.pth`` file in site-packages."""

from __future__ import annotations

import os
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

from dataforge.frameworks import ask_python


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
    if python is None or os.path.abspath(python) == sys.executable:
        return own_site_folders()
    code = (
        "import site, sysconfig; print(sysconfig.get_paths()['purelib']); "
        "print(site.getusersitepackages() if site.ENABLE_USER_SITE else '')"
    )
    return [Path(line) for line in ask_python(python, code).splitlines() if line]


def own_site_folders() -> list[Path]:
    """Where the running interpreter looks, its own site-packages first."""
    import site

    own = Path(sysconfig.get_paths()["purelib"])
    return [own, Path(site.getusersitepackages())] if site.ENABLE_USER_SITE else [own]


def linked_folder(pth: Path) -> Path | None:
    """The folder that a path file makes importable; None if there is no such file."""
    with suppress(OSError):
        return Path(pth.read_text("utf-8").strip())
    return None
