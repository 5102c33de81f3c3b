"""``--set``: arguments of a detector's parts, as text and as values."""

from __future__ import annotations

import ast
import json
import keyword
import math
import re
from collections.abc import Iterable
from typing import Any

from dataforge.errors import UsageError

_WORD = re.compile(r"[A-Za-z][\w./:-]*")
_MOST_LETTERS = 10_000


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """The settings of ``PART.ARGUMENT=VALUE``, a Python or JSON literal; a word is a text.

    >>> parse_settings(["neck.start_level=1", "neck.add_extra_convs=on_input"])
    {'neck.start_level': 1, 'neck.add_extra_convs': 'on_input'}
    >>> parse_settings(["backbone.norm_eval=false", "backbone.norm_cfg={'type': 'BN'}"])
    {'backbone.norm_eval': False, 'backbone.norm_cfg': {'type': 'BN'}}

    Raises:
        UsageError: a text is no setting, its value is no literal, or a setting is given twice.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not re.fullmatch(r"\w+\.\w+", key):
            raise UsageError(f"--set {text}: expected PART.ARGUMENT=VALUE, as neck.start_level=1")
        if key in settings:
            raise UsageError(f"--set {key}: given twice")
        settings[key] = _value(key, value)
    return settings


def _value(key: str, text: str) -> Any:
    """A literal.

    Raises:
        UsageError: it is none.
    """
    for parse in (ast.literal_eval, json.loads):
        try:
            value = parse(text) if len(text) <= _MOST_LETTERS else ...
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if is_plain(value):
            return value
    if _WORD.fullmatch(text):
        return text
    raise UsageError(
        f"--set {key}={text}: the value must be a number, a word, True, False, None, or a list or "
        "dict of such"
    )


def is_plain(value: Any) -> bool:
    """Whether a value can stand in a config of every framework, whose writers do not escape text.

    >>> is_plain({"type": "GN", "num_groups": 32}), is_plain("it's"), is_plain(float("inf"))
    (True, False, False)
    """
    if isinstance(value, dict):
        return all(map(_is_keyword, value)) and all(map(is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, str):
        return _WORD.fullmatch(value) is not None
    return value is None or (isinstance(value, bool | int | float) and math.isfinite(value))


def _is_keyword(key: Any) -> bool:
    """Whether a key can be written as an argument of ``dict(...)``."""
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)
