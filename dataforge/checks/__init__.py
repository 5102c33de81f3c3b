"""What can be wrong with a dataset or a training config: one file for each check, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataforge.checks.base import CONFIG, Check, DatasetInfo, Facts, Gatherer, Whole
from dataforge.checks.classes.class_absent_from_split import unmarked
from dataforge.checks.converting import DroppedByTrainers, Said
from dataforge.checks.run import Running
from dataforge.checks.select import Ignore, Selection, Settings, find_settings, load_settings
from dataforge.checks.table import checks, find_known_code, known_codes, start

if TYPE_CHECKING:
    from dataforge.checks.config_file import ConfigFile

__all__ = [
    "CONFIG",
    "Check",
    "ConfigFile",
    "DatasetInfo",
    "DroppedByTrainers",
    "Facts",
    "Gatherer",
    "Ignore",
    "Running",
    "Said",
    "Selection",
    "Settings",
    "Whole",
    "checks",
    "find_known_code",
    "find_settings",
    "known_codes",
    "load_settings",
    "start",
    "unmarked",
]


def __getattr__(name: str) -> Any:
    if name != "ConfigFile":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dataforge.checks.config_file import (
        ConfigFile,  # with mmconfig, which conversions do without
    )

    return ConfigFile
