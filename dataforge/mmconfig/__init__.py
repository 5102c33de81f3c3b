from __future__ import annotations

from dataforge.mmconfig.config import (
    Config,
    Imported,
    find_module,
    inside,
    module_values,
    unwrapped,
)
from dataforge.mmconfig.data import (
    BUILT_IN,
    SPLITS,
    Classes,
    Dataset,
    certainty,
    datasets,
    imports,
    installed,
    type_name,
)

__all__ = [
    "BUILT_IN",
    "SPLITS",
    "Classes",
    "Config",
    "Dataset",
    "Imported",
    "certainty",
    "datasets",
    "find_module",
    "imports",
    "inside",
    "installed",
    "module_values",
    "type_name",
    "unwrapped",
]
