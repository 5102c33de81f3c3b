"""A Python with fake packages: an environment of its own, and what lies in its site-packages."""

from __future__ import annotations

import venv
from pathlib import Path

from helpers import write

TORCH = """
__version__ = "2.14.1"
class version: cuda = hip = None
class cuda: is_available = staticmethod(lambda: False)
"""


def fake_python(folder: Path, packages: dict[str, str], modules: dict[str, str]) -> str:
    """Make an environment.

    Args:
        folder: to make it in.
        packages: distribution -> version.
        modules: file -> its text.
    """
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in packages.items():
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(site / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA", text)
    for file, text in modules.items():
        write(site / file, text)
    return str(folder / "bin" / "python")
