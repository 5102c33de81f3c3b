"""Detect the framework of a training config from its source, without running it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from dataforge.errors import InputError, ParseError
from dataforge.io import open_file
from dataforge.mmconfig.budget import MAX_BYTES
from dataforge.mmconfig.files import Files, base_path, written_bases
from dataforge.mmconfig.modules import relative_module
from dataforge.mmconfig.values import custom_imports


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """Features of a config that identify one framework and no other.

    A module in `custom_imports` whose name ends in the framework's name, as in the modules that
    `register` generates, identifies it as well.

    Attributes:
        keys: top-level names that only this framework uses.
        imports: packages imported anywhere in the file; they take precedence over the keys.
        scoped_bases: bases in packages are supported, ``mmdet::_base_/default_runtime.py``.
    """

    keys: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    scoped_bases: bool = False


# Both generations have `model`, `resume` and `load_from`; `train_cfg` was a top-level key in
# mmdet's earliest 2.x configs as well.
MMDET2 = Signs(
    keys=frozenset({
        "checkpoint_config", "data", "evaluation", "log_config", "lr_config", "optimizer_config",
        "resume_from", "runner", "total_epochs", "workflow",
    }),
)  # fmt: skip
MMDET3 = Signs(
    keys=frozenset({
        "default_hooks", "optim_wrapper", "param_scheduler", "test_dataloader", "test_evaluator",
        "train_dataloader", "val_dataloader", "val_evaluator",
    }),
    imports=frozenset({"mmengine"}),  # read_base, in the lazy style
    scoped_bases=True,  # only mmengine looks for bases in packages
)  # fmt: skip
MMDETECTION: Mapping[str, Signs] = {"mmdet2": MMDET2, "mmdet3": MMDET3}
"""Framework name -> signs, for the two generations of mmdetection."""


def framework_of(config: Path, signs: Mapping[str, Signs]) -> str | None:
    """The framework that a config is for; None if undetermined.

    Its own keys, imports and `custom_imports` decide, else those of the configs in `_base_` and
    `read_base`, nearest first.

    Args:
        config: path of a Python, JSON or YAML config.
        signs: framework name -> signs, for every possible framework.

    Raises:
        InputError: the config mentions two frameworks.
    """
    files = Files()
    waiting, seen = [config], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        frameworks, bases = _identified(path, files, signs)
        if len(frameworks) > 1:
            raise InputError(
                f"{config}: {path.name} mentions {' and '.join(sorted(frameworks))}: "
                "expected the config of one framework"
            )
        if frameworks:
            return frameworks.pop()
        waiting += bases
    return None


def _identified(
    path: Path, files: Files, signs: Mapping[str, Signs]
) -> tuple[set[str], list[Path]]:
    """(frameworks identified by a file, its base configs)."""
    try:
        if path.suffix != ".py":
            return _by_keys(_outermost(path), signs), []
        tree, names = files.tree(path), files.names(path)
    except ParseError:  # fall back to the keys at the start of its lines
        return _by_keys(_outermost(path), signs), []
    packages = set(_imported(tree))
    if frameworks := {name for name, sign in signs.items() if packages & sign.imports}:
        return frameworks, []
    frameworks = _by_keys(assigned(tree), signs)
    frameworks |= {module.rpartition(".")[2] for module in custom_imports(names)} & signs.keys()
    bases = written_bases(names)
    if any(isinstance(base, str) and "::" in base for base in bases):
        frameworks |= {name for name, sign in signs.items() if sign.scoped_bases}
    paths = [*(base_path(path, base) for base in bases), *_read_bases(tree, path)]
    return frameworks, [base for base in paths if base is not None]


def _by_keys(keys: Iterable[str], signs: Mapping[str, Signs]) -> set[str]:
    found = set(keys)
    return {name for name, sign in signs.items() if found & sign.keys}


def _outermost(path: Path) -> Iterable[str]:
    """The top-level keys of JSON, else the words before a colon or `=` at the start of a line."""
    with open_file(path) as stream:
        text = stream.read(MAX_BYTES).decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return re.findall(r"(?m)^(\w+)\s*[:=]", text)
    return content if isinstance(content, dict) else ()


def _imported(tree: ast.Module) -> Iterator[str]:
    """Top-level packages imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def assigned(tree: ast.Module) -> frozenset[str]:
    """Names assigned at the top level of a file."""
    return frozenset(
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    )


def _read_bases(tree: ast.Module, path: Path) -> Iterator[Path | None]:
    """The files named by relative imports at the top level of a file or under `read_base`."""
    for statement in tree.body:
        for node in statement.body if isinstance(statement, ast.With) else [statement]:
            if isinstance(node, ast.ImportFrom) and node.level:
                yield relative_module(path, node)
