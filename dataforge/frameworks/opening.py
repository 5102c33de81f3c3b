"""A training config, opened in its framework."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dataforge.errors import DataforgeError, InputError
from dataforge.frameworks.adapter import TrainingConfig
from dataforge.frameworks.base import Framework
from dataforge.frameworks.live import LiveModel
from dataforge.frameworks.running import prepare_device
from dataforge.frameworks.table import framework_of


class Opened(NamedTuple):
    """A config and its model.

    Attributes:
        framework: that it is for.
        config: as the framework loads it.
        live: its model, in evaluation mode.
    """

    framework: Framework
    config: TrainingConfig
    live: LiveModel


def open_config(path: Path, device: str = "cpu") -> tuple[Framework, TrainingConfig]:
    """Load a training config in its framework.

    Args:
        path: a config of mmdetection 2.x or 3.x, or the `train.py` that `register` generates.
        device: `cuda`, `cpu`, or `auto` for CUDA if available.

    Raises:
        InputError: the file does not exist, or does not load.
            With `cuda`, there is no GPU.
        MissingDependencyError: the framework is not installed.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such config")
    framework = framework_of(path)
    adapter = framework.adapter()
    adapter.prepare(prepare_device(adapter, device))
    return framework, adapter.load(path)


def open_model(path: Path) -> Opened:
    """Load a training config in its framework and build its model on the CPU; see `open_config`.

    Raises:
        InputError: the file does not exist, does not load, or its model cannot be built.
        MissingDependencyError: the framework is not installed.
    """
    framework, config = open_config(path)
    try:
        live = config.live()
    except DataforgeError:
        raise
    except Exception as error:
        raise InputError(
            f"{path}: {config.title} cannot build the model: {type(error).__name__}: {error}"
        ) from error
    live.model.eval()
    return Opened(framework, config, live)
