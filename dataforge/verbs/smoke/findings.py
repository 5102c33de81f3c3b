"""Findings of a preflight: their place is in a config."""

from __future__ import annotations

from dataforge.codes import code
from dataforge.findings import Finding, Place, Severity
from dataforge.frameworks import TrainingConfig


def finding(
    name: str, where: str, message: str, remedy: str = "", severity: Severity | None = None
) -> Finding:
    """A finding at a place in a config."""
    return code(name).at(Place(where), message, remedy, severity=severity)


def does_not_build(
    config: TrainingConfig, where: str, error: Exception, name: str = "dataset-does-not-build"
) -> Finding:
    """The finding on an error that the framework raised when it built something."""
    return finding(
        name,
        where,
        f"{config.title} cannot build it: {type(error).__name__}: {error}",
        "fix what it names; the same error would stop the training",
    )
