"""What mmcv and mmengine replace in the text of a config before they read it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataforge.mmconfig.budget import MAX_LENGTH
from dataforge.mmconfig.functions import is_huge
from dataforge.mmconfig.methods import ConfigError
from dataforge.mmconfig.values import UNKNOWN

_FILE = re.compile(r"\{\{\s*(fileDirname|fileBasename|fileBasenameNoExtension|fileExtname)\s*\}\}")
_MOST = 10_000  # templates
# Bounded, as what looks like a thousand templates would be searched for a thousand ends.
_ENVIRONMENT = re.compile(
    r"\{\{['\"]?\s{0,20}\$(\w{1,200})\s{0,20}:\s{0,20}(\S{0,500}?)\s{0,20}['\"]?\}\}"
)
BASE = re.compile(r"\{\{\s*_base_\.([\w.]+)\s*\}\}")


def filled(text: str, file: Path, most: int = MAX_LENGTH, *, alone: bool = False) -> Any:
    """A string of a config with ``{{ fileDirname }}`` and ``{{$VARIABLE:default}}`` replaced.

    Args:
        text: the string.
        file: path of the config.
        most: maximum length of the result.
        alone: the template is not in a string: what replaces it is Python.

    Raises:
        ConfigError: it needs an environment variable that is not set.
        ValueError: the result is too long.
    """
    if BASE.search(text):
        return UNKNOWN  # mmcv puts a random name there
    text = _replaced(_FILE, text, _of_file(file), most)
    text = _replaced(_ENVIRONMENT, text, lambda found: _variable(found[1], found[2]), most)
    if not alone:
        return text
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNKNOWN
    return UNKNOWN if is_huge(value) else value


def _replaced(
    pattern: re.Pattern[str], text: str, value: Callable[[re.Match[str]], str], most: int
) -> str:
    if text.count("{{") > _MOST:
        raise ValueError("too many templates")
    if len(text) + sum(len(value(found)) for found in pattern.finditer(text)) > most:
        raise ValueError("too long")
    return pattern.sub(value, text)


def _of_file(file: Path) -> Callable[[re.Match[str]], str]:
    """What replaces ``{{ fileDirname }}`` and the like."""
    folder, name = os.path.split(os.path.abspath(file))
    stem, extension = os.path.splitext(name)
    values = {
        "fileDirname": folder,
        "fileBasename": name,
        "fileBasenameNoExtension": stem,
        "fileExtname": extension,
    }
    return lambda found: values[found[1]]


def _variable(name: str, default: str) -> str:
    value = os.environ.get(name, default)
    if not value:
        raise ConfigError(f"the environment variable {name} is not set, and has no default")
    return value
