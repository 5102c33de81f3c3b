"""What the text of a config shows to stop a training later: building datasets does not show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from dataforge.checks import CONFIG, ConfigFile, DatasetInfo, Running, start
from dataforge.classes import ClassRules
from dataforge.errors import DataforgeError
from dataforge.findings import Finding, Place
from dataforge.frameworks import config_signs
from dataforge.io import Root

CODES = (
    "argument-unknown", "loop-incomplete", "masks-missing", "metric-unknown", "setting-twice",
    "voc-year",
)  # fmt: skip
"""Checks of a config's text that a preflight includes."""

_BUILT = ("argument-unknown", "voc-year")
"""Those that a dataset which does not build has named already."""


def stated(config: Path, known: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of `CODES` on a config of mmdetection; none if its text cannot be followed.

    Args:
        config: path of the config.
        known: what the preflight has found.
    """
    unbuilt = any(finding.code == "dataset-does-not-build" for finding in known)
    codes = [code for code in CODES if not (unbuilt and code in _BUILT)]
    root = Root(str(config.parent))
    file = ConfigFile(root, config.name, config_signs())
    if config.suffix != ".py":
        return
    try:
        if file.config.generation == 0:
            return
    except DataforgeError:
        return  # its framework has loaded it
    data = DatasetInfo(root, CONFIG, ClassRules().resolver())
    for finding in Running(data, start(codes, data)).config(file):
        if finding.code in codes:
            yield msgspec.structs.replace(finding, place=Place(finding.place.pointer))
