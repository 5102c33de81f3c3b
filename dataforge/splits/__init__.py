from __future__ import annotations

from dataforge.splits.draw import Labels, grouping, parse_ratios
from dataforge.splits.manifest import (
    Manifest,
    Rule,
    load,
    load_rule,
    not_listed,
    save,
    split_names,
    want_split_names,
)

__all__ = [
    "Labels",
    "Manifest",
    "Rule",
    "grouping",
    "load",
    "load_rule",
    "not_listed",
    "parse_ratios",
    "save",
    "split_names",
    "want_split_names",
]
