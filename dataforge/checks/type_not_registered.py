"""A dataset class that nobody registers.

What: the ``type`` of a dataset is none of those that mmdetection 2.28 or 3.3 registers, and the
word stands in no source file of the modules in ``custom_imports``, nor of the mmdetection that is
installed here. It is a warning where none of that generation is installed: somebody may have added
the class to theirs.

Why: the training stops with ``KeyError: 'X is not in the dataset registry'``.

Example: ``type='HumanPartDataset'``, and the class is HumanPartsDataset. Or ``custom_imports`` of a
base that a config replaces by its own: lists are not joined.

Fix: correct the name, or add the module that registers it to ``custom_imports``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.errors import ParseError
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
)
from dataforge.records import Finding

SEVERITY = "error"

_MOST_FILES = 2000
_SCOPES = ("", "mmdet")


class Check(_base.Check):
    """Looks for the word in source; nothing is imported."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        told: set[str] = set()
        for dataset in datasets(config):
            written = dataset.values.get("type")
            known = dataset.is_built_in or not dataset.type or dataset.type in told
            if known or isinstance(written, Imported) or not isinstance(written, str):
                continue
            if written.rpartition(".")[0] in _SCOPES and _is_nowhere(config, dataset.type):
                told.add(dataset.type)
                names = sorted(BUILT_IN[config.generation])
                close = difflib.get_close_matches(dataset.type, names, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                yield self.finding(
                    document.name,
                    f"nothing registers {dataset.type}{hint}: neither mmdetection nor "
                    f"custom_imports ({', '.join(imports(config)[0]) or 'there are none'})",
                    "correct the name, or import the module that registers it",
                    where=f"{dataset.where}.type",
                    severity=certainty(config),
                )


def _is_nowhere(config: Config, name: str) -> bool:
    """Whether a word is in no source that may register it, and all of that is known."""
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
