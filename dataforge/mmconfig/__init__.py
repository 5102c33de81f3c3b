"""Training configs of mmdetection, read without running them.

`Config` holds the values, `datasets` gives the datasets, and `framework_of` detects which of the
frameworks described by `Signs` a config is for.
"""

from __future__ import annotations

from dataforge.mmconfig.config import Config
from dataforge.mmconfig.data import (
    SPLITS,
    Classes,
    Dataset,
    certainty,
    datasets,
    imports,
    installed,
    type_name,
)
from dataforge.mmconfig.files import module_values, parse_python
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.registered import BUILT_IN
from dataforge.mmconfig.signs import MMDET2, MMDET3, MMDETECTION, Signs, framework_of
from dataforge.mmconfig.values import UNKNOWN, Imported, dicts, inside, merged, unwrapped

__all__ = [
    "BUILT_IN",
    "MMDET2",
    "MMDET3",
    "MMDETECTION",
    "SPLITS",
    "UNKNOWN",
    "Classes",
    "Config",
    "Dataset",
    "Imported",
    "Signs",
    "certainty",
    "datasets",
    "dicts",
    "find_module",
    "framework_of",
    "imports",
    "inside",
    "installed",
    "merged",
    "module_values",
    "parse_python",
    "type_name",
    "unwrapped",
]
