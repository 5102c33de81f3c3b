"""A module that a config imports but that cannot be found."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.opened import ConfigFile
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Imported, certainty, find_module, imports, module_values

_FRAMEWORK = ("mmcv", "mmdet", "mmengine", "torch", "torchvision")


class Check(base.Check):
    """Looks up modules without importing them."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
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
                    Place(file.name, where),
                    f"{module} {why}",
                    "register the dataset for the Python that trains (--python), or set PYTHONPATH",
                    severity=severity,
                )


def _why_not(module: str) -> str:
    found = find_module(module)
    if found is None:
        return "cannot be found by this Python"
    try:
        if found.file:
            module_values(found.file)
    except ParseError as error:
        return error.message
    return ""
