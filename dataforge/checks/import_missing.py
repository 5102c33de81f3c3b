"""A module that a config imports and that is not to be found.

What: ``custom_imports`` names a module, or a config of the lazy style imports one, which neither
this Python nor the working directory has, or which is not Python. It is a warning where mmdetection
is not installed in this Python either, or ``allow_failed_imports`` is true: then another Python
trains, and only that knows.

Why: mmdetection 2 stops with an ImportError that says nothing at all; 3 names the module. Where
failed imports are allowed, the dataset is not registered, and that is the error.

Example: ``custom_imports = dict(imports=['humanparts_dataset.mmdet2'])``, and the folder that
`dataforge register` made was moved.

Fix: register the dataset for the Python that trains (`dataforge register --python`), or put the
module's folder on PYTHONPATH. mmdetection's tools/train.py does not look in the working directory.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.errors import ParseError
from dataforge.mmconfig import Imported, certainty, find_module, imports, module_values
from dataforge.records import Finding

SEVERITY = "error"

_FRAMEWORK = ("mmcv", "mmdet", "mmengine", "torch", "torchvision")


class Check(_base.Check):
    """Looks up modules; none is imported."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        modules, lenient = imports(config)
        severity = "warning" if lenient else certainty(config)
        named = [("custom_imports", module) for module in modules]
        lazy = {value.module for value in config.values.values() if isinstance(value, Imported)}
        named += [("import", module) for module in sorted(lazy - {""})]
        for where, module in named:
            if module.partition(".")[0] in _FRAMEWORK:
                continue
            if why := _why_not(module):
                yield self.finding(
                    document.name,
                    f"{module} {why}",
                    "register the dataset for the Python that trains, or set PYTHONPATH",
                    where=where,
                    severity=severity,
                )


def _why_not(module: str) -> str:
    found = find_module(module)
    if found is None:
        return "is not to be found by this Python"
    try:
        if found.file:
            module_values(found.file)
    except ParseError as error:
        return error.message
    return ""
