"""Installed files and packages: templates/ and sample_data/, and the versions of packages."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from dataforge.errors import DataforgeError


def asset(*parts: str) -> Path:
    """A folder that ships with dataforge, such as ``asset("templates", "layouts")``.

    In an installed wheel it is inside the package; in a checkout it is beside the package.

    Raises:
        DataforgeError: the folder is in neither place.
    """
    packaged = Path(str(files("dataforge").joinpath(*parts)))
    if packaged.exists():
        return packaged
    checkout = Path(__file__).resolve().parents[2]
    beside = checkout.joinpath(*parts)
    # pyproject.toml distinguishes a checkout from an unrelated site-packages/templates.
    if (checkout / "pyproject.toml").is_file() and beside.exists():
        return beside
    raise DataforgeError(
        f"dataforge is not fully installed: there is neither {packaged} nor {beside}"
    )


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Package -> version, for those of the packages that are installed in this Python."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
