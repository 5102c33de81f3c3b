"""dataforge: from labelled images to a proved detector.

    from dataforge import Job
    from dataforge.verbs.convert import convert

`import dataforge` imports nothing; each name below is loaded when it is asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

    from dataforge.converters import CONVERTERS
    from dataforge.errors import DataforgeError
    from dataforge.findings import Finding
    from dataforge.jobs import Job, Report
    from dataforge.layouts import Layout
    from dataforge.records import Image, Instance, Mask, Polygons

__version__ = "0.1.0"

_HOMES = {
    "CONVERTERS": "converters",
    "DataforgeError": "errors",
    "Finding": "findings",
    "Image": "records",
    "Instance": "records",
    "Job": "jobs",
    "Layout": "layouts",
    "Mask": "records",
    "Polygons": "records",
    "Report": "jobs",
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


def __getattr__(name: str) -> typing.Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dataforge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dataforge.{_HOMES[name]}"), name)
