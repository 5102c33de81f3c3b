"""A module that a config imports but that cannot be found."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Imported, certainty, find_module, imports, syntax_tree

_FRAMEWORK = ("mmcv", "mmdet", "mmengine", "torch", "torchvision")
_BESIDE_STOCK = ("mmcls", "mmpretrain")
"""Projects whose models some of mmdetection's own configs use."""


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
            top = module.partition(".")[0]
            known = (*_FRAMEWORK, *(_BESIDE_STOCK if config.is_stock else ()))
            if top in known or top in sys.stdlib_module_names:
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
            syntax_tree(found.file)
    except ParseError as error:
        return error.message
    return ""
