"""Name -> module of every framework that code is generated for.

A module offers ``check(dataset, options)``, which refuses what the framework cannot hold,
``render_files(dataset, options)``, which gives the planned files, ``config_path(dataset, options)``
and ``module_name(dataset)``, which say what is trained and imported, and ``BASES``, the detectors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dataforge.errors import UsageError

TARGETS: dict[str, str] = {
    "mmdet2": "dataforge.frameworks.mmdet2.generate",
    "mmdet3": "dataforge.frameworks.mmdet3.generate",
    "torchvision": "dataforge.frameworks.torchvision.generate",
}

_PACKAGES = ("mmdet", "onedl-mmdetection", "torchvision")


def get_target(name: str) -> Any:
    """The module of a framework.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"no framework {name!r}; there are {', '.join(TARGETS)}")
    return import_module(TARGETS[name])


def installed_framework(python: str | None = None) -> str:
    """The framework that a Python trains with; torchvision where there is no mmdet.

    Args:
        python: an interpreter; None is the running one.

    Raises:
        UsageError: it has none, or cannot be run.
    """
    versions = _versions() if python is None else _versions_of(python)
    # onedl-mmdetection is the maintained fork of mmdet 3, under the same import names.
    mmdet = versions.get("mmdet") or versions.get("onedl-mmdetection")
    if mmdet:
        return "mmdet2" if mmdet.startswith("2.") else "mmdet3"
    if "torchvision" in versions:
        return "torchvision"
    raise UsageError(
        f"--framework: {python or sys.executable} has no mmdet and no torchvision: "
        f"say which it is for, of {', '.join(TARGETS)}, or all"
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _versions_of(python: str) -> Mapping[str, str]:
    code = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({str(d.metadata['Name']): d.version for d in distributions()}))"
    )
    told = ask_python(python, code)
    try:
        versions: dict[str, str] = json.loads(told)
    except ValueError as error:
        raise UsageError(f"--python {python}: want its packages, got {told!r}") from error
    return {name.lower(): version for name, version in versions.items()}


def ask_python(python: str, code: str) -> str:
    """What another Python prints when it runs some code.

    Raises:
        UsageError: `python` cannot be run, or stops.
    """
    try:
        result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(f"--python {python}: cannot be run: {error}") from error
    return result.stdout
