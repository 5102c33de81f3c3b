"""Prove a training config: preflight, then overfit the config's own detector on its own images.

One file per framework; `smoke` picks it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dataforge.errors import InputError
from dataforge.smoke._report import SmokeOptions, SmokeReport


def smoke(config: Path, options: SmokeOptions, log: Callable[[str], None]) -> SmokeReport:
    """Prove a config; writes smoke_report.json and loss_curve.png into `options.work_dir`.

    Args:
        config: a training config of mmdetection 2.x.
        options: see `SmokeOptions`.
        log: takes one line at a time of what is going on.

    Returns:
        The report; `verdict` is `proved`, `not proved`, or `refused` where the preflight failed.

    Raises:
        InputError: there is no such file.
        MissingDependencyError: the framework is not installed.
    """
    if not config.is_file():
        raise InputError(f"{config}: no such config")
    from dataforge.smoke import mmdet2

    return mmdet2.smoke(config, options, log)
