"""Name -> module of every framework that code is generated for.

A module offers ``check(dataset, options)``, which refuses what the framework cannot hold,
``render_files(dataset, options)``, which gives the planned files, and ``BASES``, the detectors.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dataforge.errors import UsageError

TARGETS: dict[str, str] = {
    "mmdet2": "dataforge.codegen.mmdet2",
}


def get_target(name: str) -> Any:
    """The module of a framework.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"no framework {name!r}; there are {', '.join(TARGETS)}")
    return import_module(TARGETS[name])
