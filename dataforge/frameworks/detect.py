"""Name -> adapter of every framework, and which of them a config is for."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from dataforge.errors import InputError, MissingDependencyError, UsageError
from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.table import installed_framework

FRAMEWORKS: dict[str, str] = {
    "mmdet2": "dataforge.frameworks.mmdet2.smoke",
    "mmdet3": "dataforge.frameworks.mmdet3.smoke",
    "torchvision": "dataforge.frameworks.torchvision.smoke",
}

# Names at the top of a config that one generation alone gives a meaning. (Both have `model`,
# `resume` and `load_from`; `train_cfg` stood at the top of mmdet's earliest 2.x configs as well.)
_KEYS = {
    "mmdet2": {
        "checkpoint_config", "data", "evaluation", "log_config", "lr_config",
        "optimizer_config", "resume_from", "runner", "total_epochs", "workflow",
    },
    "mmdet3": {
        "default_hooks", "optim_wrapper", "param_scheduler", "test_dataloader", "test_evaluator",
        "train_dataloader", "val_dataloader", "val_evaluator",
    },
}  # fmt: skip


def get_framework(name: str) -> Adapter:
    """The adapter of a framework.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FRAMEWORKS:
        raise UsageError(f"no framework {name!r}; there are {', '.join(FRAMEWORKS)}")
    return cast(Adapter, import_module(FRAMEWORKS[name]))


def usual_framework() -> str:
    """The framework that is installed, mmdetection first.

    Raises:
        MissingDependencyError: there is none.
    """
    try:
        return installed_framework()
    except UsageError as error:
        raise MissingDependencyError(
            f"none of {', '.join(FRAMEWORKS)} is installed in the Python that runs dataforge: want "
            "mmdet 2.28 with mmcv-full 1.7, mmdet 3.3 with mmcv 2.1, or torchvision 0.16 or later"
        ) from error


def framework_of(config: Path) -> str:
    """The framework that a config is for, from its text; nothing of it is run.

    Its own keys, imports and `custom_imports` decide, else those of the configs that `_base_` and
    `read_base` name. Where none of them tell, it is what is installed.

    Raises:
        InputError: it speaks of two frameworks.
        MissingDependencyError: nothing tells, and no framework is installed.
    """
    waiting, seen = [config], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        text = path.read_text("utf-8", errors="replace")
        told, bases = _signs(text, path)
        if len(told) > 1:
            raise InputError(
                f"{config}: {path.name} speaks of {' and '.join(sorted(told))}: "
                "want the config of one framework"
            )
        if told:
            return told.pop()
        waiting += bases
    return usual_framework()


def _signs(text: str, path: Path) -> tuple[set[str], list[Path]]:
    """(frameworks that a file tells of, its base configs)."""
    try:
        body = ast.parse(text).body if path.suffix == ".py" else None
    except (SyntaxError, ValueError):
        body = None
    if body is None:  # JSON, YAML or what Python cannot read
        keys = set(_keys(text))
        return {name for name, known in _KEYS.items() if keys & known}, []
    modules = set(_imported(body))
    if "mmengine" in modules:  # read_base, of the lazy style
        return {"mmdet3"}, []
    if "torchvision" in modules:
        return {"torchvision"}, []
    values = dict(_assigned(body))
    told = {name for name, known in _KEYS.items() if values.keys() & known}
    for module in _texts(values.get("custom_imports")):
        last = module.rpartition(".")[2]
        told |= {last} & _KEYS.keys()
    bases = []
    for base in _texts(values.get("_base_")):
        if "::" in base:  # mmengine alone looks for bases in packages
            told.add("mmdet3")
        bases.append(path.parent / base)
    return told, bases


def _keys(text: str) -> Iterable[str]:
    """The outermost keys of JSON, or else what stands before a colon or `=` at a line's start."""
    try:
        content = json.loads(text)
    except ValueError:
        return re.findall(r"(?m)^(\w+)\s*[:=]", text)
    return content if isinstance(content, dict) else ()


def _imported(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Top packages that a file imports anywhere."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names assigned at the top of a file, with what is assigned."""
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value


def _texts(node: ast.expr | None) -> Iterator[str]:
    """Every text literal in an expression."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
