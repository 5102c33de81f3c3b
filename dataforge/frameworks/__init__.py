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
    quiet,
)
from dataforge.frameworks.base import Framework, Options
from dataforge.frameworks.detections import Detections
from dataforge.frameworks.live import LevelAnchors, LiveModel, Sizing
from dataforge.frameworks.opening import Opened, open_config, open_model
from dataforge.frameworks.package import package_files
from dataforge.frameworks.render import render_text
from dataforge.frameworks.running import (
    DOCTOR,
    describe_device,
    explained,
    hidden_gpus,
    prepare_device,
)
from dataforge.frameworks.samples import Sample, same_augmentation
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
from dataforge.frameworks.weights import load_strictly, load_weights

__all__ = [
    "DOCTOR",
    "NOT_FROM_HERE",
    "PYTHON_FOLDER",
    "Adapter",
    "BuiltDataset",
    "CocoSource",
    "DatasetSpec",
    "Detections",
    "Framework",
    "ImageInfo",
    "LevelAnchors",
    "LiveModel",
    "Opened",
    "Operators",
    "Options",
    "Part",
    "PlannedFile",
    "Sample",
    "Sizing",
    "SplitSpec",
    "TrainSpec",
    "TrainingConfig",
    "Trial",
    "TrialSettings",
    "Truth",
    "ask_python",
    "choose_frameworks",
    "config_signs",
    "describe_device",
    "detectors",
    "explained",
    "framework_of",
    "frameworks",
    "get_framework",
    "hidden_gpus",
    "identify",
    "installed_framework",
    "is_reserved",
    "load_strictly",
    "load_weights",
    "open_config",
    "open_model",
    "package_files",
    "package_name",
    "palette",
    "parse_settings",
    "prepare_device",
    "quiet",
    "render_text",
    "same_augmentation",
    "snake_case",
    "usual_framework",
]
