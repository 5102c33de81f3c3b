"""Name -> module of every format; a module is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dataforge.errors import UsageError

FORMATS: dict[str, str] = {
    "coco": "dataforge.formats.coco",
    "labelme": "dataforge.formats.labelme",
    "voc": "dataforge.formats.voc",
}


def get_format(name: str) -> Any:
    """The module of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}; there are {', '.join(FORMATS)}")
    return import_module(FORMATS[name])
