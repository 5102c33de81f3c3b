"""TOML decoding, with the location of each error, and formatting of TOML values."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import ParseError
from dataforge.io.limits import MAX_NESTING, MAX_TOML_BYTES
from dataforge.io.reading import read_file

_DEEP_KEY = re.compile(rb"""(?:["'\w-]{1,64}[ \t]*\.[ \t]*){%d}""" % MAX_NESTING)


def load_toml(path: Path, data: bytes | None = None) -> dict[str, Any]:
    """Read a TOML file as a dict.

    Args:
        path: of the file.
        data: its content, if it has been read.

    Raises:
        ParseError: with tomllib's line and column.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    data = read_file(path, MAX_TOML_BYTES) if data is None else data
    if _DEEP_KEY.search(data):  # tomllib would take minutes
        raise ParseError(str(path), "", f"is nested more than {MAX_NESTING} levels deep")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number with 5,000 digits
        raise ParseError(str(path), "", f"is not TOML: {error}") from error


def toml_value(value: Any) -> str:
    """A string, number or boolean, or a list of them, formatted as TOML.

    >>> toml_value(["a", True, 0.5])
    '["a", true, 0.5]'
    """
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    # JSON strings are valid TOML, except for one character that JSON does not escape.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
