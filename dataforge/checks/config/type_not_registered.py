"""A dataset class that is not registered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import ParseError, closest_name
from dataforge.findings import Finding, Place
from dataforge.io import read_file
from dataforge.mmconfig import (
    BUILT_IN,
    Config,
    Imported,
    certainty,
    datasets,
    find_module,
    imports,
    installed,
    is_mmdetections,
)

_MOST_FILES = 2000


class Check(base.Check):
    """Searches the source for the name; nothing is imported."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        reported: set[str] = set()
        for dataset in datasets(config):
            written = dataset.values.get("type")
            known = dataset.is_built_in or not dataset.type or dataset.type in reported
            if known or isinstance(written, Imported) or not isinstance(written, str):
                continue
            if is_mmdetections(config, dataset.values) and _is_nowhere(config, dataset.type):
                reported.add(dataset.type)
                names = sorted(BUILT_IN[config.generation])
                close = closest_name(dataset.type, names)
                hint = f" (did you mean {close}?)" if close else ""
                yield self.finding(
                    Place(file.name, f"{dataset.where}.type"),
                    f"{dataset.type} is not registered{hint}, neither by mmdetection nor by "
                    f"custom_imports ({', '.join(imports(config)[0]) or 'none'})",
                    "correct the name, or import the module that registers it",
                    severity=certainty(config),
                )


def _is_nowhere(config: Config, name: str) -> bool:
    """Whether a name is in no source that may register it, and all such source is known."""
    modules = imports(config)[0]
    if not modules and not config.settled("custom_imports"):
        return False
    sources: list[Path] = []
    for module in modules:
        found = find_module(module)
        if found is None or found.file is None:
            return False
        # A package's modules import one another.
        beside = found.folder or (found.file.parent if "." in module else None)
        sources += islice(beside.rglob("*.py"), _MOST_FILES) if beside else [found.file]
    if framework := installed(config.generation):
        sources += islice((framework / "datasets").rglob("*.py"), _MOST_FILES)
    word = re.compile(rf"\b{re.escape(name)}\b".encode())
    others = (source for source in sources if source.resolve() not in config.files)
    return not any(_has(word, source) for source in others)


def _has(word: re.Pattern[bytes], source: Path) -> bool:
    try:
        return word.search(read_file(source)) is not None
    except ParseError:
        return False
