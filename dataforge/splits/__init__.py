from __future__ import annotations

from dataforge.splits.assign import ClassCounts, grouping
from dataforge.splits.manifest import (
    Manifest,
    Rule,
    load_manifest,
    load_rule,
    not_in_manifest,
    save_manifest,
    split_names,
)
from dataforge.splits.ratios import check_split_names, parse_ratios

__all__ = [
    "ClassCounts",
    "Manifest",
    "Rule",
    "check_split_names",
    "grouping",
    "load_manifest",
    "load_rule",
    "not_in_manifest",
    "parse_ratios",
    "save_manifest",
    "split_names",
]
