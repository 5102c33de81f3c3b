from __future__ import annotations

from dataforge.classes.resolver import ClassMap
from dataforge.classes.rules import (
    LABELME_RESERVED,
    ClassOptions,
    ClassRules,
    comma_list,
    load_names,
)

__all__ = ["LABELME_RESERVED", "ClassMap", "ClassOptions", "ClassRules", "comma_list", "load_names"]
