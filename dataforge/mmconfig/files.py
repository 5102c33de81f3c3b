"""The files that make up a config: each evaluated once, then merged, child over base."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.io import read_file
from dataforge.mmconfig.budget import LOOK_UP, MAX_BYTES, MAX_LEVELS, MAX_NODES, Budget
from dataforge.mmconfig.functions import is_huge
from dataforge.mmconfig.lazy import is_lazy
from dataforge.mmconfig.methods import ConfigError
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.plain_data import parsed
from dataforge.mmconfig.statements import Script
from dataforge.mmconfig.templates import BASE, filled
from dataforge.mmconfig.values import (
    UNKNOWN,
    Function,
    Settings,
    as_base,
    count_values,
    inside,
    is_deep,
    is_list,
    merged,
)

MAX_DEPTH = 20
"""Maximum length of a chain of files."""

DATA = (".json", ".yaml", ".yml")
"""Suffixes of configs that are no Python."""

_HOLE = "dataforge: _base_."


def parse_python(data: bytes, name: str) -> ast.Module:
    """The syntax tree of a config, silently: Python's warnings would quote the file as it is.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: see `ast.parse`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(data, name)


class Fault(NamedTuple):
    """Why a config does not load.

    Attributes:
        file: the file that does not load.
        line: counted from 1; 0 if unknown.
        message: what is wrong.
    """

    file: Path
    line: int
    message: str


class Files:
    """The files of one config, each read once.

    Attributes:
        known: real path -> the executed file.
        lost: whether an import could not be followed.
        missing: bases that do not exist, as written.
        trees: real path -> syntax tree.
        budget: what all of them take.
    """

    def __init__(self) -> None:
        self.lost = False
        self.missing: list[str] = []
        self._faults: dict[Fault, None] = {}
        self.known: dict[Path, Script] = {}
        self.trees: dict[Path, ast.Module] = {}
        self._open: list[Path] = []
        self._bases: dict[Path, Settings] = {}
        self._chain: list[Path] = []
        self.budget = Budget()

    @property
    def faults(self) -> list[Fault]:
        """Why it does not load, without repetitions."""
        return [*self._faults]

    def fault(self, file: Path, node: ast.AST, message: str) -> None:
        """Record why a file does not load."""
        self.budget.build(file, len(message))
        self._faults[Fault(file, getattr(node, "lineno", 0), message)] = None

    def names(self, file: Path) -> Mapping[str, Any]:
        """The names assigned in a file; empty if the file is already being read."""
        file = Path(os.path.realpath(file))
        return {} if file in self._open else self._script(file).names

    def _script(self, file: Path) -> Script:
        if file not in self.known:
            if file.suffix in DATA:
                self.known[file] = self._data(file)
            else:
                self.known[file] = self.read(file, self.tree(file))
        return self.known[file]

    def tree(self, file: Path) -> ast.Module:
        """A file's syntax tree.

        Raises:
            ParseError: it cannot be read, or is not Python.
        """
        file = Path(os.path.realpath(file))
        if file not in self.trees:
            self.trees[file] = syntax_tree(file)
        return self.trees[file]

    def read(self, file: Path, tree: ast.Module) -> Script:
        """Execute a parsed file.

        Raises:
            ParseError: the import chain is too long, or the file has too many values.
        """
        if len(self._open) > MAX_DEPTH:
            raise ParseError(str(file), "", f"more than {MAX_DEPTH} files import one another")
        self._open.append(Path(os.path.realpath(file)))
        try:
            script = Script(file, self, lazy=is_lazy(tree))
            script.run(tree.body)
            _check_size(file, script.names)
        except RecursionError as error:
            raise ParseError(str(file), "", "is nested too deeply") from error
        finally:
            self._open.pop()
        return script

    def _data(self, file: Path) -> Script:
        """Read a JSON or YAML config."""
        script = Script(file, self)
        text = read_file(file, MAX_BYTES).decode("utf-8", "replace")
        text = BASE.sub(lambda found: f'"{_HOLE}{found[1]}"', text)
        try:
            values = parsed(filled(text, file, 2 * MAX_BYTES), file.suffix)
        except ConfigError as error:
            self.fault(file, ast.Pass(), str(error))
            values = {"_base_": UNKNOWN}
        except ValueError as error:
            raise ParseError(str(file), "", f"cannot be read: {error}") from error
        if isinstance(values, dict):
            _check_size(file, values)
            script.names["_base_"] = values.pop("_base_", [])
            script.names |= {key: self._plugged(v, script) for key, v in values.items()}
            _check_size(file, script.names)
        return script

    def _plugged(self, value: Any, script: Script) -> Any:
        """A value of a JSON or YAML config with ``{{_base_.name}}`` replaced."""
        if isinstance(value, str) and value.startswith(_HOLE):
            return inside(script.base, value.removeprefix(_HOLE))
        if isinstance(value, dict):
            return Settings((key, self._plugged(inner, script)) for key, inner in value.items())
        if is_list(value):
            return [self._plugged(inner, script) for inner in value]
        return UNKNOWN if is_huge(value) else value

    def resolved(self, script: Script) -> Settings:
        """A file merged with its bases, as mmcv and mmengine read it.

        Raises:
            ParseError: it has too many values.
        """
        _check_size(script.file, script.base)
        self.budget.build(script.file, count_values(script.base, MAX_NODES))
        settings = {
            key: value
            for key, value in script.names.items()
            if key not in ("_base_", "_deprecation_") and not key.startswith("__")
            if not isinstance(value, Function)
        }

        assigned = _assignments(script.body)

        def refuse(where: str, value: Any) -> None:
            kind = type(value).__name__
            self.fault(
                script.file,
                assigned.get(where.partition(".")[0], ast.Pass()),
                f"{where} is a dict, but in the base it is a {kind}: add _delete_=True to replace "
                "it" + (", or write the whole list" if is_list(value) else ""),
            )

        values = merged(settings, script.base, refuse)
        _check_size(script.file, values)
        return values

    def merged_bases(self, file: Path, written: Any) -> Settings:
        """The bases of a file together, as mmengine lets it see and change them."""
        together = Settings(attributes=True)
        if not isinstance(written, (str, list)) and written:
            together.complete = False
        owners: dict[str, str] = {}
        for base in written_bases({"_base_": written}):
            self.budget.build(file, LOOK_UP)
            if not isinstance(base, str):
                together.complete = False
                continue
            values = self._base(file, base)
            self.budget.build(file, count_values(values, MAX_NODES))
            for key in sorted(together.keys() & values.keys()):
                self.fault(
                    file,
                    ast.Pass(),
                    f"the bases {owners[key]} and {base} both have {key}: only one may",
                )
            owners |= dict.fromkeys(values, base)
            together.update(as_base(values))
            together.complete &= values.complete
        return together

    def _base(self, file: Path, base: str) -> Settings:
        """Resolve one base of a file, given as written there."""
        path = base_path(file, base)
        if path is None or path.suffix not in (".py", *DATA):
            return Settings(complete=False)
        if not path.is_file():
            self.missing.append(base)
            return Settings(complete=False)
        path = Path(os.path.realpath(path))
        if path in (*self._chain, *self._open) or len(self._chain) > MAX_DEPTH:
            raise ParseError(str(file), "", "its bases form a cycle, or are nested too deeply")
        if path not in self._bases:
            self._chain.append(path)
            self._bases[path] = self.resolved(self._script(path))
            self._chain.pop()
        return self._bases[path]


def syntax_tree(file: Path) -> ast.Module:
    """The syntax tree of a Python file.

    Raises:
        ParseError: it cannot be read, or is not Python.
    """
    data = read_file(file, MAX_BYTES)
    try:
        return parse_python(data, str(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ParseError(
            str(file), "", f"is not Python: {str(error) or 'nested too deeply'}"
        ) from error


def _check_size(file: Path, values: Mapping[str, Any]) -> None:
    """Raises ParseError if a file holds too many values, or too deeply nested ones."""
    if count_values(values, MAX_NODES) > MAX_NODES:
        raise ParseError(str(file), "", f"holds more than {MAX_NODES:,} values")
    if is_deep(values, MAX_LEVELS):
        raise ParseError(str(file), "", "is nested too deeply")


def _assignments(body: Sequence[ast.stmt]) -> dict[str, ast.stmt]:
    """Name -> the first statement that assigns it."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, node)
    return found


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
