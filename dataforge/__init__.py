"""dataforge: from labelled images to a proved detector.

    from dataforge import Job
    from dataforge.convert import convert

`import dataforge` imports nothing heavy; each name below is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataforge.convert import Job, Report
    from dataforge.converters import CONVERTERS
    from dataforge.errors import DataforgeError
    from dataforge.layouts import Layout
    from dataforge.records import Finding, Image, Instance, Mask, Polygons

__version__ = "0.1.0"

_HOMES = {
    "CONVERTERS": "converters",
    "DataforgeError": "errors",
    "Finding": "records",
    "Image": "records",
    "Instance": "records",
    "Job": "convert",
    "Layout": "layout",
    "Mask": "records",
    "Polygons": "records",
    "Report": "convert",
}

__all__ = [
    "CONVERTERS",
    "DataforgeError",
    "Finding",
    "Image",
    "Instance",
    "Job",
    "Layout",
    "Mask",
    "Polygons",
    "Report",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dataforge' has no attribute {name!r}")
    return getattr(import_module(f"dataforge.{_HOMES[name]}"), name)
