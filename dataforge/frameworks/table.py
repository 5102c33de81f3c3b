"""The table of frameworks, detection of installed ones, and of the one a config is for.

Rows are imported on demand. Other packages add frameworks through the entry point group
``dataforge.frameworks``: a name, and a `Framework` such as ``acme_dataforge:FRAMEWORK``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from dataforge import mmconfig
from dataforge.errors import MissingDependencyError, UsageError
from dataforge.frameworks.base import Framework
from dataforge.frameworks.spec import bare, identify
from dataforge.io import Plugins, installed_versions
from dataforge.mmconfig import Signs

_OWN = {
    # If several are installed, the first is used.
    "mmdet2": "dataforge.frameworks.mmdet2:FRAMEWORK",
    "mmdet3": "dataforge.frameworks.mmdet3:FRAMEWORK",
    "torchvision": "dataforge.frameworks.torchvision:FRAMEWORK",
}
_TABLE = Plugins("dataforge.frameworks", _OWN)


@cache
def _all() -> dict[str, Framework]:
    """Every framework by name, built-in ones first."""
    return {name: _TABLE.load(name) for name in _OWN} | _TABLE.added(_checked)


def _checked(point: EntryPoint, framework: Any) -> Framework:
    if not isinstance(framework, Framework) or framework.name != point.name:
        raise TypeError(
            f"{point.value} is not a dataforge.frameworks.Framework named {point.name!r}"
        )
    return framework


def frameworks() -> tuple[str, ...]:
    """The names of all frameworks, built-in ones first."""
    return tuple(_all())


def get_framework(name: str) -> Framework:
    """A framework with default options.

    Raises:
        UsageError: there is no framework of that name.
        DataforgeError: the framework is from another package and cannot be loaded.
    """
    if name not in _all():
        raise _TABLE.unknown(name)
    return _all()[name]


# Choosing ---------------------------------------------------------------------------------------


def choose_frameworks(
    names: Sequence[str], python: str | None = None, options: Mapping[str, object] | None = None
) -> list[Framework]:
    """Select frameworks and set their options.

    Args:
        names: framework names, without duplicates; empty for the installed one.
        python: interpreter used for training; None for the running one.
        options: each is passed to every framework that has it.

    Raises:
        UsageError: no such framework, or none is installed; an option is not supported by any of
            them, or its value is invalid.
    """
    chosen = [get_framework(name) for name in dict.fromkeys(names or [installed_framework(python)])]
    given = dict(options or {})
    known = {name for framework in chosen for name in framework.option_names()}
    for name in given:
        if name not in known:
            raise UsageError(f"--{name.replace('_', '-')} {_why_not(name, chosen)}")
    return [
        framework.with_options({n: v for n, v in given.items() if n in framework.option_names()})
        for framework in chosen
    ]


def _why_not(option: str, chosen: Sequence[Framework]) -> str:
    """Why an option is invalid for these frameworks."""
    owners = [framework.name for framework in _all().values() if option in framework.option_names()]
    if owners:
        names = ", ".join(framework.name for framework in chosen)
        return f"has no effect for {names}; it is an option of {', '.join(owners)}"
    return "is not an option of any framework"


def is_reserved(name: str) -> bool:
    """Whether a framework has a dataset, or a class of datasets, of this name itself.

    Raises:
        UsageError: see `identify`.
    """
    names = {name, *identify(name)}
    return any(names & get_framework(framework).reserved for framework in frameworks())


def detectors() -> dict[str, list[str]]:
    """Detector, as spelled by the first framework that has it -> frameworks that have it."""
    found: dict[str, list[str]] = {}
    spellings: dict[str, str] = {}
    for framework in _all().values():
        for base in framework.bases:
            found.setdefault(spellings.setdefault(bare(base), base), []).append(framework.name)
    return found


# Installed --------------------------------------------------------------------------------------


def installed_framework(python: str | None = None) -> str:
    """The framework installed in a Python; torchvision if there is no mmdet.

    Args:
        python: an interpreter; None for the running one.

    Raises:
        UsageError: no framework is installed, or the interpreter cannot be run.
    """
    known = [*_all().values()]
    versions = _versions(known) if python is None else _versions_of(python)
    for framework in known:
        if framework.is_installed(versions):
            return framework.name
    packages = dict.fromkeys(next(iter(framework.packages)) for framework in known)
    raise UsageError(
        f"--framework: {python or sys.executable} has no {' and no '.join(packages)}: "
        f"choose one of {', '.join(frameworks())}, or all"
    )


def usual_framework() -> str:
    """The framework that is installed in this Python, mmdetection first.

    Raises:
        MissingDependencyError: there is none.
    """
    try:
        return installed_framework()
    except UsageError as error:
        *needs, last = (framework.needs for framework in _all().values())
        raise MissingDependencyError(
            f"none of {', '.join(frameworks())} is installed in the Python that runs dataforge: "
            f"requires {', '.join(needs)}, or {last}"
        ) from error


def _versions(known: Sequence[Framework]) -> dict[str, str]:
    return installed_versions(name for framework in known for name in framework.packages)


def _versions_of(python: str) -> Mapping[str, str]:
    code = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({str(d.metadata['Name']): d.version for d in distributions()}))"
    )
    output = ask_python(python, code)
    try:
        versions: dict[str, str] = json.loads(output)
    except ValueError as error:
        raise UsageError(f"--python {python}: expected its packages, got {output!r}") from error
    return {name.lower(): version for name, version in versions.items()}


NOT_FROM_HERE = "import sys; sys.path = [path for path in sys.path if path]"
"""Code that keeps another Python from importing what lies in the working directory."""


def ask_python(python: str, code: str) -> str:
    """The output of some code run in another Python, which does not search the working directory.

    Raises:
        UsageError: `python` cannot be run, or fails.
    """
    code = f"{NOT_FROM_HERE}; {code}"
    try:
        result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise UsageError(f"--python {python}: cannot be run: {error}") from error
    return result.stdout


# Configs ----------------------------------------------------------------------------------------


def config_signs() -> dict[str, Signs]:
    """Framework -> the features that identify its configs."""
    return {framework.name: framework.signs for framework in _all().values()}


def framework_of(config: Path) -> Framework:
    """The framework that a config is for, from its source, else the installed one.

    Raises:
        InputError: the config mentions two frameworks.
        MissingDependencyError: undetermined, and no framework is installed.
    """
    return get_framework(mmconfig.framework_of(config, config_signs()) or usual_framework())
