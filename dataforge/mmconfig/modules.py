"""Locate a module without importing it."""

from __future__ import annotations

import ast
import importlib.util
import os
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple


class Module(NamedTuple):
    """Location of a module.

    Attributes:
        file: source file; None if there is none.
        folder: package folder; None for a plain module.
    """

    file: Path | None
    folder: Path | None


def find_module(name: str) -> Module | None:
    """Locate a module in this Python or the working directory; None if not found.

    Nothing is imported, not even its parent packages.
    """
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    try:
        spec = importlib.util.find_spec(parts[0]) or PathFinder.find_spec(parts[0], [os.getcwd()])
        for end in range(2, len(parts) + 1):
            if spec is None or spec.submodule_search_locations is None:
                return None
            inside = [*spec.submodule_search_locations]
            spec = PathFinder.find_spec(".".join(parts[:end]), inside)
    except (ImportError, ValueError, OSError):
        return None
    if spec is None:
        return None
    folders = spec.submodule_search_locations
    source = spec.origin if spec.origin and spec.origin.endswith(".py") else None
    return Module(Path(source) if source else None, Path(next(iter(folders))) if folders else None)


def module_file(name: str) -> Path | None:
    """The source file of a module in this Python or the working directory; None if not found."""
    found = find_module(name)
    return found.file if found else None


def relative_module(file: Path, node: ast.ImportFrom) -> Path | None:
    """The source file that a relative import refers to; None if it does not exist."""
    folder = file.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    path = folder.joinpath(*node.module.split(".")) if node.module else folder
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path if path.is_file() else None
