"""A config that its framework cannot load."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import why_not_loaded


class Check(base.Check):
    """Reports what mmcv or mmengine would raise an error on; nothing is run."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        here = file.config.path.resolve()
        for fault in why_not_loaded(file.config):
            own = fault.file.resolve() == here
            inside = "" if own else f"{fault.file.name}, line {fault.line}: "
            yield self.finding(
                Place(file.name, line=fault.line if own else 0),
                f"the config does not load: {inside}{fault.message}",
                "correct it; `dataforge explain does-not-load` lists the rules",
            )
