from __future__ import annotations

from dataforge.layouts.coco import (
    CocoImages,
    FoundImages,
    name_splits,
    of_other_tasks,
    path_of_url,
    sharing_a_split,
    split_of_json,
)
from dataforge.layouts.coords import CoordsEvidence
from dataforge.layouts.files import (
    load_layout,
    missing_paths,
    shipped_layout,
    shipped_layouts,
    to_toml,
    well_known_layout,
)
from dataforge.layouts.layout import (
    OWN_LAYOUT,
    SPLIT_NAMES,
    SPLIT_ORDER,
    CoordsChoice,
    Difficult,
    Layout,
)
from dataforge.layouts.paths import (
    below,
    by_last_part,
    folders_of,
    join,
    matching_files,
    resolved_reference,
    shared_folders,
    without_twins,
)
from dataforge.layouts.split_files import (
    Ids,
    header_row,
    known_ids,
    listed_ids,
    read_split_file,
    split_ids,
)

__all__ = [
    "OWN_LAYOUT",
    "SPLIT_NAMES",
    "SPLIT_ORDER",
    "CocoImages",
    "CoordsChoice",
    "CoordsEvidence",
    "Difficult",
    "FoundImages",
    "Ids",
    "Layout",
    "below",
    "by_last_part",
    "folders_of",
    "header_row",
    "join",
    "known_ids",
    "listed_ids",
    "load_layout",
    "matching_files",
    "missing_paths",
    "name_splits",
    "of_other_tasks",
    "path_of_url",
    "read_split_file",
    "resolved_reference",
    "shared_folders",
    "sharing_a_split",
    "shipped_layout",
    "shipped_layouts",
    "split_ids",
    "split_of_json",
    "to_toml",
    "well_known_layout",
    "without_twins",
]
