"""YAML files, with every scalar as a string."""

from __future__ import annotations

from typing import Any

from dataforge.errors import ParseError
from dataforge.io import to_utf8

MAX_YAML_BYTES = 2 * 2**20
"""Names of 100,000 classes; reading more would take minutes."""

_MANY_BYTES = 64 * 2**10
"""Text that is left to libyaml, which is ten times as fast and says less about errors."""


def parse_yaml(data: bytes, name: str) -> tuple[Any, Any]:
    """(the root node, its content) of a YAML file; (None, None) if there is nothing in it.

    Raises:
        ParseError: it is not valid YAML.
    """
    import yaml

    text, _ = to_utf8(data, name)
    try:
        # So that a class may be named no, on or 007: typed, these are False, True and 7.
        is_large = len(text) > _MANY_BYTES and yaml.__with_libyaml__
        loader = (yaml.CBaseLoader if is_large else yaml.BaseLoader)(text)
        top = loader.get_single_node()
        return top, None if top is None else loader.construct_document(top)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise ParseError(name, where, f"is not YAML: {getattr(error, 'problem', error)}") from error
