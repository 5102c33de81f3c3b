"""Why mmcv or mmengine does not load a config, beyond what its evaluation shows."""

from __future__ import annotations

import ast
import builtins
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from dataforge.io import read_file
from dataforge.mmconfig.config import Config
from dataforge.mmconfig.files import Fault
from dataforge.mmconfig.lazy import assigns_base, is_foreign, is_lazy, modules, written_base
from dataforge.mmconfig.syntax import is_base, reads_base

_RESERVED: dict[int, tuple[str, ...]] = {
    2: ("filename", "text", "pretty_text"),
    3: ("filename", "text", "pretty_text", "env_variables"),
}
_QUOTED = re.compile(r"\"\{\{\s*_base_\.[\w.]+\s*\}\}\"")
# mmengine evaluates `_base_` among the names of its own module.
_MMENGINE = frozenset({"ast", "copy", "filename", "os", "osp", "platform", "sys", "tempfile"})


def why_not_loaded(config: Config) -> Iterator[Fault]:
    """Why a config does not load, as far as that can be seen without running it.

    Raises:
        ParseError: a file cannot be read.
    """
    seen = set()
    for fault in _faults(config):
        place = (os.path.realpath(fault.file), fault.line or fault.message)
        if place not in seen:  # the first on a line explains the others
            seen.add(place)
            yield fault


def _faults(config: Config) -> Iterator[Fault]:
    yield from config.faults
    for key in _RESERVED.get(config.generation, ()):
        if key in config.values:
            yield Fault(config.path, 0, f"{key} is reserved: no config may assign it")
    for file, tree in sorted(config.trees.items()):
        yield from _of_file(file, tree, config)


def _of_file(file: Path, tree: ast.Module, config: Config) -> Iterator[Fault]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, str(file), "exec")
    except SyntaxError as error:
        yield Fault(file, error.lineno or 0, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        yield Fault(file, 0, f"is not Python: {error}")
    source = read_file(file).decode("utf-8", "replace")
    for number, line in enumerate(source.splitlines(), 1):
        if _QUOTED.search(line):
            yield Fault(file, number, "{{ _base_.name }} stands in quotes: write it without")
    for written in written_base(tree.body):
        if isinstance(written, (ast.Tuple, ast.Dict, ast.Set)):
            yield Fault(file, written.lineno, "_base_ is neither a string nor a list of strings")
        elif config.generation == 3:
            yield from _names_in_base(file, written)
    if config.generation == 2:
        yield from _of_mmcv(file, tree, source)
    elif config.generation == 3:
        top = config.trees[Path(os.path.realpath(config.path))]
        yield from _of_mmengine(file, tree, is_lazy(top) and not assigns_base(top))


def _names_in_base(file: Path, written: ast.expr) -> Iterator[Fault]:
    """mmengine evaluates ``_base_`` before everything else in the file."""
    for node in ast.walk(written):
        known = not isinstance(node, ast.Name) or node.id in _MMENGINE
        if isinstance(node, ast.Name) and not known and not hasattr(builtins, node.id):
            message = f"_base_ uses {node.id}, but mmengine reads it before the rest of the file"
            yield Fault(file, node.lineno, message)


def _of_mmcv(file: Path, tree: ast.Module, source: str) -> Iterator[Fault]:
    if "_base_." not in source and not re.search(r"(?m)^\s*from\s*\.", source):
        return
    nodes = [*ast.walk(tree)]
    fillers = [n for n in nodes if isinstance(n, ast.Set) and isinstance(n.elts[0], ast.Set)]
    filled = {id(inner) for filler in fillers for inner in ast.walk(filler)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield Fault(file, node.lineno, "mmcv does not support relative imports: use _base_")
        elif isinstance(node, ast.Attribute) and is_base(node.value):
            name = f"_base_.{node.attr}"
            if id(node) not in filled:
                message = f"{name} is for mmengine; mmcv has {{{{ {name} }}}} alone"
                yield Fault(file, node.lineno, message)


def _of_mmengine(file: Path, tree: ast.Module, lazy: bool) -> Iterator[Fault]:
    line = assigns_base(tree)
    if is_lazy(tree) and line:
        message = (
            "a module is imported above _base_, which makes this a lazy config: move the import "
            "below _base_, or inherit by `with read_base():`"
        )
        yield Fault(file, line, message)
    elif is_lazy(tree) != lazy and (line or is_lazy(tree)):
        kinds = ("a lazy config", "one with _base_")
        first, second = kinds if lazy else kinds[::-1]
        yield Fault(file, line, f"{first} is based on {second}: mmengine does not mix them")
    elif is_lazy(tree):
        yield from _of_lazy(file, tree)


def _of_lazy(file: Path, tree: ast.Module) -> Iterator[Fault]:
    for node in tree.body:
        if isinstance(node, ast.With):
            if not reads_base(node):
                yield Fault(file, node.lineno, "mmengine allows no `with` other than read_base()")
            for inner in node.body:
                if not isinstance(inner, ast.ImportFrom) or inner.module is None:
                    message = "only `from module import name` may stand in `with read_base():`"
                    yield Fault(file, inner.lineno, message)
        elif isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            message = "`import *` may only stand in `with read_base():`"
            yield Fault(file, node.lineno, message)
        elif isinstance(node, ast.Import) and len(node.names) > 1:
            if any(map(is_foreign, modules(node))):
                yield Fault(file, node.lineno, "mmengine allows one module in an `import`")
