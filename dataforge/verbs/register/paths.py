"""Which paths can be written into a path file, a config and a command line."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from dataforge.errors import OutputError

_MAX_PATH, _MAX_NAME = 4095, 255  # bytes, of Linux; a name of a temporary file is never longer

_REFUSED = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories: control characters, bytes that are not UTF-8, line and paragraph ends."""


def check_path(path: str | os.PathLike[str]) -> None:
    """Refuse a path that would become several lines, or that is not UTF-8.

    Python executes a line of a path file that begins with `import`.

    Raises:
        OutputError: it would; the message shows it escaped.
    """
    text = os.fspath(path)
    refused = [c for c in text if unicodedata.category(c) in _REFUSED]
    if refused:
        raise OutputError(
            f"{text!a}: contains {refused[0]!a}, which a path file or a config cannot "
            "hold; rename it"
        )


def check_length(paths: Iterable[Path]) -> None:
    """Refuse paths that are too long to be written.

    Raises:
        OutputError: one is.
    """
    for path in paths:
        longest = max(len(os.fsencode(part)) for part in path.parts)
        if longest > _MAX_NAME or len(os.fsencode(path)) > _MAX_PATH:
            raise OutputError(f"{path}: the path is too long; choose a shorter name or --output")
