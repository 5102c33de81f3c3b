from __future__ import annotations

from dataforge.classes.categories import final_header
from dataforge.classes.options import (
    LABELME_RESERVED,
    comma_list,
    labels_option,
    load_names,
)
from dataforge.classes.resolver import Classes, Resolver, sorted_names
from dataforge.classes.rules import (
    ClassOptions,
    ClassRules,
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
    "labels_option",
    "load_names",
    "sorted_names",
]
