from __future__ import annotations

from dataforge.frameworks.adapter import (
    Adapter,
    BuiltDataset,
    CocoSource,
    ImageInfo,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
)
from dataforge.frameworks.detect import FRAMEWORKS, framework_of, get_framework, usual_framework
from dataforge.frameworks.package import package_files
from dataforge.frameworks.spec import (
    DatasetSpec,
    PlannedFile,
    SplitSpec,
    TrainSpec,
    identify,
    palette,
    snake_case,
)
from dataforge.frameworks.table import TARGETS, ask_python, get_target, installed_framework

__all__ = [
    "FRAMEWORKS",
    "TARGETS",
    "Adapter",
    "BuiltDataset",
    "CocoSource",
    "DatasetSpec",
    "ImageInfo",
    "Part",
    "PlannedFile",
    "SplitSpec",
    "TrainSpec",
    "TrainingConfig",
    "Trial",
    "TrialSettings",
    "ask_python",
    "framework_of",
    "get_framework",
    "get_target",
    "identify",
    "installed_framework",
    "package_files",
    "palette",
    "snake_case",
    "usual_framework",
]
