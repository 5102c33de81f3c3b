"""The files that make up a config: each evaluated once, then merged, child over base."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.io import read_file
from dataforge.mmconfig.evaluation import CHANGES, Evaluation
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.values import count_values, is_list, merged

MAX_NODES = 100_000
"""Maximum number of values in one file; a few lines can expand to more than fits in memory."""

MAX_BYTES = 2 * 2**20
"""Configs and modules larger than this are rejected; the syntax tree takes 200 times as much."""

MAX_STEPS = 300_000
"""Maximum number of expressions evaluated for one config."""

MAX_BUILT = 5_000_000
"""Maximum number of values and characters that the expressions of one config build."""

MAX_DEPTH = 20
"""Maximum length of a chain of files."""


class Resolved(NamedTuple):
    """A file merged with its bases.

    Attributes:
        values: the merged values.
        complete: whether all bases are known.
        settled: top-level keys that no unknown base has, because two bases must not share a key.
    """

    values: dict[str, Any]
    complete: bool
    settled: frozenset[str]


_NO_BASE = Resolved({}, False, frozenset())


class Files:
    """The files of one config, each read once.

    Attributes:
        known: real path -> names assigned in the file.
        lost: whether an import could not be followed.
        missing: bases that do not exist, as written.
    """

    def __init__(self) -> None:
        self.lost = False
        self.missing: list[str] = []
        self.known: dict[Path, Mapping[str, Any]] = {}
        self._trees: dict[Path, ast.Module] = {}
        self._open: list[Path] = []
        self._bases: dict[Path, Resolved] = {}
        self._chain: list[Path] = []
        self._steps = 0
        self._built = 0

    def step(self, file: Path, size: int = 0) -> None:
        """Count one more expression, or what one builds.

        Args:
            file: that contains it.
            size: number of values, or of characters, that it is going to build.

        Raises:
            ParseError: there are too many.
        """
        self._steps += not size
        self._built += size
        if self._steps > MAX_STEPS:
            raise ParseError(str(file), "", f"takes more than {MAX_STEPS:,} steps to follow")
        if self._built > MAX_BUILT:
            raise ParseError(str(file), "", f"builds more than {MAX_BUILT:,} values")

    def names(self, file: Path) -> Mapping[str, Any]:
        """The names assigned in a file; empty if the file is already being read."""
        file = Path(os.path.realpath(file))
        if file in self._open:
            return {}
        if file not in self.known:
            self.known[file] = self.read(file, self.tree(file))
        return self.known[file]

    def tree(self, file: Path) -> ast.Module:
        """A file's syntax tree.

        Raises:
            ParseError: it cannot be read, or is not Python.
        """
        file = Path(os.path.realpath(file))
        if file not in self._trees:
            data = read_file(file, MAX_BYTES)
            try:
                self._trees[file] = ast.parse(data, str(file))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise ParseError(str(file), "", f"is not Python: {error}") from error
        return self._trees[file]

    def read(self, file: Path, tree: ast.Module) -> Mapping[str, Any]:
        """The names assigned in a parsed file.

        Raises:
            ParseError: the import chain is too long, or the file has too many values.
        """
        if len(self._open) > MAX_DEPTH:
            raise ParseError(str(file), "", f"more than {MAX_DEPTH} files import one another")
        self._open.append(Path(os.path.realpath(file)))
        try:
            names = Evaluation(file, self).run(tree.body)
            if count_values(names, MAX_NODES) > MAX_NODES:
                raise ParseError(str(file), "", f"holds more than {MAX_NODES:,} values")
        except RecursionError as error:
            raise ParseError(str(file), "", "is nested too deeply") from error
        finally:
            self._open.pop()
        return names

    def with_bases(self, file: Path, own: Mapping[str, Any]) -> Resolved:
        """A file merged with its bases."""
        settings = {key: value for key, value in own.items() if key not in ("_base_", CHANGES)}
        bases = [self._base(file, base) for base in written_bases(own)]
        below: dict[str, Any] = {}
        for base in bases:
            self.step(file, len(base.values))
            below |= base.values
        for change in own.get(CHANGES, []):
            self.step(file, len(below))
            below = merged(change, below)
        values = merged(settings, below)
        if all(base.complete for base in bases):
            return Resolved(values, True, frozenset(values))
        return Resolved(values, False, frozenset().union(*(base.settled for base in bases)))

    def _base(self, file: Path, base: Any) -> Resolved:
        """Resolve one base of a file, given as written there."""
        path = base_path(file, base)
        if path is None or path.suffix != ".py":
            return _NO_BASE
        if not path.is_file():
            self.missing.append(str(base))
            return _NO_BASE
        path = Path(os.path.realpath(path))
        if path in self._chain or len(self._chain) > MAX_DEPTH:
            raise ParseError(str(file), "", "its bases form a cycle, or are nested too deeply")
        if path not in self._bases:
            self._chain.append(path)
            self._bases[path] = self.with_bases(path, self.names(path))
            self._chain.pop()
        return self._bases[path]


def written_bases(own: Mapping[str, Any]) -> Sequence[Any]:
    """The bases in a file's names, as written."""
    written = own.get("_base_", [])
    return written if is_list(written) else [written]


def base_path(file: Path, base: Any) -> Path | None:
    """The path of a base; None if it cannot be determined."""
    if not isinstance(base, str) or "://" in base or "{{" in base:
        return None
    package, scoped, rest = base.partition("::")
    if not scoped:
        return file.parent / base
    module = find_module(package)
    return module.folder / ".mim" / "configs" / rest if module and module.folder else None


def module_values(file: Path) -> Mapping[str, Any]:
    """Names and values in a module's source, as far as known without running it.

    Raises:
        ParseError: the source is not Python, or too large.
    """
    return Files().names(file)
