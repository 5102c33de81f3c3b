"""What can be wrong with a dataset: one file for each code; `_base` says what is in it."""

from __future__ import annotations

from dataforge.checks.base import Data
from dataforge.checks.class_absent_from_split import unmarked
from dataforge.checks.coordinates_too_large import measurable
from dataforge.checks.files import Document, KeepingRoot
from dataforge.checks.fixing import Fix
from dataforge.checks.run import Running, dropped_by_trainers
from dataforge.checks.select import Ignore, Selection, Settings, find_settings, load_settings
from dataforge.checks.table import GROUPS, Row, checks, get_check, start
from dataforge.checks.text import Change, Edit, Text, applied

__all__ = [
    "GROUPS",
    "Change",
    "Data",
    "Document",
    "Edit",
    "Fix",
    "Ignore",
    "KeepingRoot",
    "Row",
    "Running",
    "Selection",
    "Settings",
    "Text",
    "applied",
    "checks",
    "dropped_by_trainers",
    "find_settings",
    "get_check",
    "load_settings",
    "measurable",
    "start",
    "unmarked",
]
