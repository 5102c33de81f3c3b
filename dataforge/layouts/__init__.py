from __future__ import annotations

from dataforge.layouts.layout import (
    OWN_LAYOUT,
    SPLIT_NAMES,
    CoordsChoice,
    CoordsEvidence,
    Difficult,
    Ids,
    Layout,
    by_last_part,
    folder_of_images,
    folders_of,
    join,
    listed_ids,
    resolved_reference,
    split_ids,
    split_of_json,
    to_toml,
)

__all__ = [
    "OWN_LAYOUT",
    "SPLIT_NAMES",
    "CoordsChoice",
    "CoordsEvidence",
    "Difficult",
    "Ids",
    "Layout",
    "by_last_part",
    "folder_of_images",
    "folders_of",
    "join",
    "listed_ids",
    "resolved_reference",
    "split_ids",
    "split_of_json",
    "to_toml",
]
