"""What a config may do with strings, lists and dicts: methods, items, comparisons."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataforge.mmconfig.values import (
    UNKNOWN,
    Imported,
    Settings,
    Unknown,
    as_base,
    is_list,
    too_many,
)

MAX_LENGTH = 100_000
"""Maximum length of a string or list that a method makes."""

_OF_STR = frozenset({
    "endswith", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition",
    "rsplit", "rstrip", "split", "startswith", "strip", "upper",
})  # fmt: skip


COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many, ast.NotIn: lambda one, many: one not in many,
}  # fmt: skip
"""The comparisons that a config may make."""


class ConfigError(Exception):
    """The config does not load; the message says why."""


class UnsupportedError(Exception):
    """What it does to the value is unknown."""


def call_method(held: Any, name: str, given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Call a method of a value in a config, which may change it.

    Raises:
        ConfigError: it fails for every reader.
        UnsupportedError: it is not known here, or an argument is not.
    """
    if isinstance(held, Settings) and name == "update":
        return _update(held, given, named)
    if isinstance(held, Settings) and name in _OF_DICT and not named:
        return _OF_DICT[name](held, *_known(given, 1))
    if isinstance(held, list) and name in _OF_LIST and not named:
        return _OF_LIST[name](held, *_known(given, 0))
    if isinstance(held, str) and not isinstance(held, Imported):
        if name == "format":
            return _formatted(held, given, named)
        if name in _OF_STR and all(isinstance(value, (str, int)) for value in given):
            return getattr(held, name)(*given, **named)
    raise UnsupportedError(name)


def item(held: Any, key: Any, node: ast.expr) -> Any:
    """An item of a dict or list.

    Raises:
        ConfigError: there is none.
    """
    if isinstance(held, Settings):
        if key in held:
            return held[key]
        if not held.complete:
            return UNKNOWN
    elif not isinstance(key, int) or -len(held) <= key < len(held):
        return held[key]
    raise ConfigError(f"{ast.unparse(node)} does not exist")


def hooked(value: Any) -> Any:
    """A value as mmengine puts it into the dicts of a base: dicts and lists are copied."""
    if isinstance(value, Settings) and value.attributes:
        return value
    if too_many(value):
        raise UnsupportedError("too large")
    if isinstance(value, dict):
        return as_base(value)
    return type(value)(hooked(inner) for inner in value) if type(value) in (list, tuple) else value


def set_item(held: Settings, key: Any, value: Any) -> None:
    """Set an item, as mmengine does in the dicts of a base."""
    held[key] = hooked(value) if held.attributes else value


def _known(given: Sequence[Any], first: int) -> Sequence[Any]:
    """Arguments, of which the first must be known."""
    if any(isinstance(value, Unknown) for value in given[:first]):
        raise UnsupportedError("unknown argument")
    return given


def _update(held: Settings, given: Sequence[Any], named: Mapping[str, Any]) -> None:
    if len(given) > 1 or not all(isinstance(value, Settings) for value in given):
        raise UnsupportedError("update")
    for values in (*given, named):
        for key, value in [*values.items()]:
            old = held.get(key)
            if held.attributes and isinstance(old, Settings) and isinstance(value, Settings):
                _update(old, [value], {})
            else:
                set_item(held, key, value)
        if isinstance(values, Settings) and not values.complete:
            held.forget()


def _pop(held: Settings, key: Any, *default: Any) -> Any:
    if key in held:
        return held.pop(key)
    if not held.complete:
        raise UnsupportedError("pop")
    if default or held.attributes:
        return default[0] if default else None
    raise ConfigError(f"there is no key {key!r} to pop")


def _get(held: Settings, key: Any, default: Any = None) -> Any:
    if key not in held and not held.complete:
        raise UnsupportedError("get")
    return held.get(key, default)


def _setdefault(held: Settings, key: Any, default: Any = None) -> Any:
    if _get(held, key, held) is held:
        set_item(held, key, default)
    return held[key]


def _whole(held: Settings) -> Settings:
    if not held.complete:
        raise UnsupportedError("not all keys are known")
    return held


def _copy(held: Settings) -> Settings:
    return Settings(held, complete=held.complete, attributes=held.attributes)


_OF_DICT: dict[str, Callable[..., Any]] = {
    "copy": _copy,
    "get": _get,
    "items": lambda held: list(_whole(held).items()),
    "keys": lambda held: list(_whole(held)),
    "pop": _pop,
    "setdefault": _setdefault,
    "values": lambda held: list(_whole(held).values()),
}


def _extend(held: list[Any], more: Any) -> None:
    if not is_list(more) or len(held) + len(more) > MAX_LENGTH:
        raise UnsupportedError("extend")
    held.extend(more)


def _pop_at(held: list[Any], place: Any = -1) -> Any:
    if not isinstance(place, int):
        raise UnsupportedError("pop")
    if not -len(held) <= place < len(held):
        raise ConfigError(f"there is no item {place} to pop, of {len(held)}")
    return held.pop(place)


def _insert(held: list[Any], place: Any, value: Any) -> None:
    if not isinstance(place, int):
        raise UnsupportedError("insert")
    held.insert(place, value)


_OF_LIST: dict[str, Callable[..., Any]] = {
    "append": lambda held, value: held.append(value),
    "copy": lambda held: list(held),
    "extend": _extend,
    "insert": _insert,
    "pop": _pop_at,
    "reverse": lambda held: held.reverse(),
}


def _formatted(held: str, given: Sequence[Any], named: Mapping[str, Any]) -> str:
    """`str.format` of numbers and strings, without format specifications."""
    plain = re.fullmatch(r"([^{}]|\{\w*\})*", held)
    values = [*given, *named.values()]
    if not plain or not all(
        isinstance(value, (str, int, float)) and not isinstance(value, Imported) for value in values
    ):
        raise UnsupportedError("format")
    size = max((len(str(value)) for value in values), default=0)
    if len(held) + held.count("{") * size > MAX_LENGTH:
        raise UnsupportedError("format")
    return held.format(*given, **named)
