from __future__ import annotations

from dataforge.classes.categories import final_header
from dataforge.classes.resolver import Classes, Resolver
from dataforge.classes.rules import (
    LABELME_RESERVED,
    ClassOptions,
    ClassRules,
    comma_list,
    load_names,
)
from dataforge.classes.tally import Tally

__all__ = [
    "LABELME_RESERVED",
    "ClassOptions",
    "ClassRules",
    "Classes",
    "Resolver",
    "Tally",
    "comma_list",
    "final_header",
    "load_names",
]
