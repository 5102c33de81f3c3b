"""A linter for detection datasets."""

from __future__ import annotations

from dataforge.verbs.check.report import MAX_FINDINGS, CheckOptions, CheckReport, UsedSettings
from dataforge.verbs.check.run import Checked, check, checked, is_config

__all__ = [
    "MAX_FINDINGS",
    "CheckOptions",
    "CheckReport",
    "Checked",
    "UsedSettings",
    "check",
    "checked",
    "is_config",
]
