"""JSON and YAML configs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dataforge.mmconfig.budget import MAX_NODES

if TYPE_CHECKING:
    from yaml.nodes import Node

_MANY_BYTES = 64 * 2**10
"""Text that is left to libyaml, which is ten times as fast and says less about errors."""

_MAX_YAML = 2**20
"""Characters; the nodes take 150 times as much."""

_MAX_DIGITS = 400
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def parsed(text: str, suffix: str) -> Any:
    """The content of a JSON or YAML file.

    Raises:
        ValueError: it is neither, or too large.
    """
    import yaml

    try:
        if suffix == ".json":
            return json.loads(text)
        if len(text) > _MAX_YAML:
            raise ValueError(f"has more than {_MAX_YAML:,} characters")
        is_large = len(text) > _MANY_BYTES and yaml.__with_libyaml__
        loader = (yaml.CSafeLoader if is_large else yaml.SafeLoader)(text)
        top = loader.get_single_node()
        if top is None:
            return None
        _check_size(top)
        return loader.construct_document(top)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError("a value is not of the type that its tag says") from error


def _check_size(top: Node) -> None:
    """Refuse what aliases and merge keys make of few lines, and what int() takes minutes for.

    Raises:
        ValueError: it is too large.
    """
    from yaml.nodes import MappingNode, SequenceNode

    waiting, seen = [top], 0
    while waiting:
        seen += 1
        if seen + len(waiting) > 2 * MAX_NODES:  # keys are nodes, too
            raise ValueError(f"holds more than {MAX_NODES:,} values")
        node = waiting.pop()
        if isinstance(node, MappingNode):
            waiting += [inner for pair in node.value for inner in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value
        elif node.tag in _NUMBERS and len(node.value) > _MAX_DIGITS:
            raise ValueError(f"a number has {len(node.value):,} digits")
