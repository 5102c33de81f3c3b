"""dataforge: from labelled images to a proved detector.

    import dataforge

    dataforge.convert("labels", "coco", split="train=80,val=20")
    dataforge.check("coco")

`import dataforge` imports nothing; each name below is loaded when it is asked for. The functions
are the verbs of the command line (`dataforge.api`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

    from dataforge.api import (
        browse,
        check,
        convert,
        evaluate,
        inspect,
        register,
        smoke,
        split,
        stats,
        view,
    )
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
    "browse": "api",
    "check": "api",
    "convert": "api",
    "evaluate": "api",
    "inspect": "api",
    "register": "api",
    "smoke": "api",
    "split": "api",
    "stats": "api",
    "view": "api",
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
    "browse",
    "check",
    "convert",
    "evaluate",
    "inspect",
    "register",
    "smoke",
    "split",
    "stats",
    "view",
]


def __getattr__(name: str) -> typing.Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dataforge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dataforge.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]
