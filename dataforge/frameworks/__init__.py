"""Training frameworks: one folder and one table row each.

`get_framework` returns a `Framework`, which generates the code for a dataset and provides the
`Adapter` that runs it in a smoke test; `framework_of` detects which one a config is for.
"""

from __future__ import annotations

from dataforge.frameworks.adapter import (
    Adapter,
    BuiltDataset,
    CocoSource,
    ImageInfo,
    Operators,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
    Truth,
)
from dataforge.frameworks.base import Framework, Options
from dataforge.frameworks.package import package_files
from dataforge.frameworks.render import render_text
from dataforge.frameworks.settings import parse_settings
from dataforge.frameworks.spec import (
    PYTHON_FOLDER,
    DatasetSpec,
    PlannedFile,
    SplitSpec,
    TrainSpec,
    identify,
    package_name,
    palette,
    snake_case,
)
from dataforge.frameworks.table import (
    NOT_FROM_HERE,
    ask_python,
    choose_frameworks,
    config_signs,
    detectors,
    framework_of,
    frameworks,
    get_framework,
    installed_framework,
    is_reserved,
    usual_framework,
)

__all__ = [
    "NOT_FROM_HERE",
    "PYTHON_FOLDER",
    "Adapter",
    "BuiltDataset",
    "CocoSource",
    "DatasetSpec",
    "Framework",
    "ImageInfo",
    "Operators",
    "Options",
    "Part",
    "PlannedFile",
    "SplitSpec",
    "TrainSpec",
    "TrainingConfig",
    "Trial",
    "TrialSettings",
    "Truth",
    "ask_python",
    "choose_frameworks",
    "config_signs",
    "detectors",
    "framework_of",
    "frameworks",
    "get_framework",
    "identify",
    "installed_framework",
    "is_reserved",
    "package_files",
    "package_name",
    "palette",
    "parse_settings",
    "render_text",
    "snake_case",
    "usual_framework",
]
