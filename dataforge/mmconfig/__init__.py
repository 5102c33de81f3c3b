"""Training configs of mmdetection, read without running them.

`Config` holds the values, `datasets` gives the datasets, and `framework_of` detects which of the
frameworks described by `Signs` a config is for.
"""

from __future__ import annotations

from dataforge.mmconfig.budget import MAX_BYTES
from dataforge.mmconfig.config import Config
from dataforge.mmconfig.data import (
    SPLITS,
    Classes,
    Dataset,
    certainty,
    dataset_configs,
    datasets,
    imports,
    installed,
    is_mmdetections,
)
from dataforge.mmconfig.files import DATA, Fault, module_values, parse_python, syntax_tree
from dataforge.mmconfig.loading import why_not_loaded
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.registered import (
    BUILT_IN,
    DATASETS,
    EVAL_HOOK,
    EVALUATED,
    EVALUATES,
    METRICS,
    MODELS,
    WRAPPERS,
    Accepts,
)
from dataforge.mmconfig.signs import MMDET2, MMDET3, MMDETECTION, Signs, framework_of
from dataforge.mmconfig.values import (
    UNKNOWN,
    Imported,
    Unknown,
    dicts,
    inside,
    is_complete,
    merged,
    type_name,
    unwrapped,
)

__all__ = [
    "BUILT_IN",
    "DATA",
    "DATASETS",
    "EVALUATED",
    "EVALUATES",
    "EVAL_HOOK",
    "MAX_BYTES",
    "METRICS",
    "MMDET2",
    "MMDET3",
    "MMDETECTION",
    "MODELS",
    "SPLITS",
    "UNKNOWN",
    "WRAPPERS",
    "Accepts",
    "Classes",
    "Config",
    "Dataset",
    "Fault",
    "Imported",
    "Signs",
    "Unknown",
    "certainty",
    "dataset_configs",
    "datasets",
    "dicts",
    "find_module",
    "framework_of",
    "imports",
    "inside",
    "installed",
    "is_complete",
    "is_mmdetections",
    "merged",
    "module_values",
    "parse_python",
    "syntax_tree",
    "type_name",
    "unwrapped",
    "why_not_loaded",
]
