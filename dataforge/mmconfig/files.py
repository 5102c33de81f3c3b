"""The files that make up a config: each evaluated once, then merged, child over base."""

from __future__ import annotations

import ast
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.io import read_file
from dataforge.mmconfig.lazy import is_lazy
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.statements import Script
from dataforge.mmconfig.templates import BASE, filled
from dataforge.mmconfig.values import (
    MAX_NODES,
    Function,
    Settings,
    as_base,
    inside,
    is_list,
    merged,
    too_many,
)

MAX_STEPS = 300_000
"""Maximum number of expressions evaluated for one config."""

MAX_LENGTHS = 5_000_000
"""Maximum sum of the lengths of all strings and lists that these expressions result in."""

MAX_BYTES = 1 << 20
"""Maximum size of a Python file: its syntax tree takes up to 600 times as much memory."""

MAX_DEPTH = 20
"""Maximum length of a chain of files."""

DATA = (".json", ".yaml", ".yml")
"""Suffixes of configs that are no Python."""

_HOLE = "dataforge: _base_."


def parse_python(data: bytes, name: str) -> ast.Module:
    """The syntax tree of a config, silently: Python's warnings would quote the file as it is.

    Raises:
        ParseError: it is not Python, or too large.
    """
    if len(data) > MAX_BYTES:
        raise ParseError(name, "", f"larger than {MAX_BYTES >> 20} MiB, not read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f"line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = str(error) or "nested too deeply"  # Python's parser raises a bare MemoryError
        raise ParseError(name, where, f"is not Python: {reason}") from error


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
        faults: why it does not load.
        trees: real path -> syntax tree.
    """

    def __init__(self) -> None:
        self.lost = False
        self.missing: list[str] = []
        self.faults: list[Fault] = []
        self.known: dict[Path, Script] = {}
        self.trees: dict[Path, ast.Module] = {}
        self._open: list[Path] = []
        self._bases: dict[Path, Settings] = {}
        self._chain: list[Path] = []
        self._steps = 0
        self._lengths = 0

    def step(self, file: Path) -> None:
        """Count one more expression.

        Raises:
            ParseError: there are too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ParseError(str(file), "", f"takes more than {MAX_STEPS:,} steps to follow")

    def hold(self, file: Path, value: Any) -> None:
        """Count the length of what an expression results in.

        Raises:
            ParseError: all of them together are too long.
        """
        if isinstance(value, (str, list, tuple)):
            self._lengths += len(value)
            if self._lengths > MAX_LENGTHS:
                raise ParseError(str(file), "", "builds lists or strings without end")

    def fault(self, file: Path, node: ast.AST, message: str) -> None:
        """Record why a file does not load."""
        fault = Fault(file, getattr(node, "lineno", 0), message)
        if fault not in self.faults:
            self.faults.append(fault)

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
            if too_many(script.names):
                raise ParseError(str(file), "", f"holds more than {MAX_NODES:,} values")
        except RecursionError as error:
            raise ParseError(str(file), "", "is nested too deeply") from error
        finally:
            self._open.pop()
        return script

    def _data(self, file: Path) -> Script:
        """Read a JSON or YAML config."""
        import yaml

        text = read_file(file).decode("utf-8", "replace")
        text = filled(BASE.sub(lambda found: f'"{_HOLE}{found[1]}"', text), file)
        try:
            values = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
            script = Script(file, self)
            if isinstance(values, dict) and not too_many(values):
                script.names["_base_"] = values.pop("_base_", [])
                script.names |= {key: self._plugged(v, script) for key, v in values.items()}
        except (ValueError, RecursionError, yaml.YAMLError) as error:
            raise ParseError(str(file), "", f"cannot be read: {error}") from error
        return script

    def _plugged(self, value: Any, script: Script) -> Any:
        """A value of a JSON or YAML config with ``{{_base_.name}}`` replaced."""
        if isinstance(value, str) and value.startswith(_HOLE):
            return inside(script.base, value.removeprefix(_HOLE))
        if isinstance(value, dict):
            return Settings((key, self._plugged(inner, script)) for key, inner in value.items())
        return [self._plugged(inner, script) for inner in value] if is_list(value) else value

    def resolved(self, script: Script) -> Settings:
        """A file merged with its bases, as mmcv and mmengine read it."""
        settings = {
            key: value
            for key, value in script.names.items()
            if key not in ("_base_", "_deprecation_") and not key.startswith("__")
            if not isinstance(value, Function)
        }

        def refuse(where: str, value: Any) -> None:
            kind = type(value).__name__
            self.fault(
                script.file,
                _assignment(script.body, where.partition(".")[0]),
                f"{where} is a dict, but in the base it is a {kind}: add _delete_=True to replace "
                "it" + (", or write the whole list" if is_list(value) else ""),
            )

        return merged(settings, script.base, refuse)

    def merged_bases(self, file: Path, written: Any) -> Settings:
        """The bases of a file together, as mmengine lets it see and change them."""
        together = Settings(attributes=True)
        if not isinstance(written, (str, list)) and written:
            together.complete = False
        owners: dict[str, str] = {}
        for base in written_bases({"_base_": written}):
            values = self._base(file, base)
            for key in sorted(together.keys() & values.keys()):
                self.fault(
                    file,
                    ast.Pass(),
                    f"the bases {owners[key]} and {base} both have {key}: only one may",
                )
            owners |= dict.fromkeys(values, str(base))
            together.update(as_base(values))
            together.complete &= values.complete
        return together

    def _base(self, file: Path, base: Any) -> Settings:
        """Resolve one base of a file, given as written there."""
        path = base_path(file, base)
        if path is None or path.suffix not in (".py", *DATA):
            return Settings(complete=False)
        if not path.is_file():
            self.missing.append(str(base))
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
    return parse_python(read_file(file, MAX_BYTES), str(file))


def _assignment(body: Sequence[ast.stmt], name: str) -> ast.AST:
    """The statement that assigns a name."""
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node
    return ast.Pass()


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
