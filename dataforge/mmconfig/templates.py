"""What mmcv and mmengine replace in the text of a config before they read it."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

from dataforge.mmconfig.methods import ConfigError
from dataforge.mmconfig.values import UNKNOWN

_FILE = re.compile(r"\{\{\s*(fileDirname|fileBasename|fileBasenameNoExtension|fileExtname)\s*\}\}")
_ENVIRONMENT = re.compile(r"\{\{['\"]?\s*\$(\w+)\s*:\s*(\S*?)\s*['\"]?\}\}")
BASE = re.compile(r"\{\{\s*_base_\.([\w.]+)\s*\}\}")


def filled(text: str, file: Path, *, alone: bool = False) -> Any:
    """A string of a config with ``{{ fileDirname }}`` and ``{{$VARIABLE:default}}`` replaced.

    Args:
        text: the string.
        file: path of the config.
        alone: the template is not in a string: what replaces it is Python.

    Raises:
        ConfigError: it needs an environment variable that is not set.
    """
    if BASE.search(text):
        return UNKNOWN  # mmcv puts a random name there
    text = _ENVIRONMENT.sub(lambda found: _variable(found[1], found[2]), of_file(text, file))
    if not alone:
        return text
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return UNKNOWN


def of_file(text: str, file: Path) -> str:
    """A text with ``{{ fileDirname }}`` and the like replaced."""
    folder, name = os.path.split(os.path.abspath(file))
    stem, extension = os.path.splitext(name)
    values = {
        "fileDirname": folder,
        "fileBasename": name,
        "fileBasenameNoExtension": stem,
        "fileExtname": extension,
    }
    return _FILE.sub(lambda found: values[found[1]], text)


def _variable(name: str, default: str) -> str:
    value = os.environ.get(name, default)
    if not value:
        raise ConfigError(f"the environment variable {name} is not set, and has no default")
    return value
