"""What a config may do with strings, lists and dicts: methods, items, comparisons."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataforge.mmconfig.budget import MAX_LENGTH, Build
from dataforge.mmconfig.functions import is_scalar
from dataforge.mmconfig.syntax import written
from dataforge.mmconfig.values import (
    UNKNOWN,
    Imported,
    Settings,
    Unknown,
    as_base,
    check_key,
    count_values,
    is_list,
)

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


def call_method(
    held: Any, name: str, given: Sequence[Any], named: Mapping[str, Any], build: Build
) -> Any:
    """Call a method of a value in a config, which may change it.

    Raises:
        ConfigError: it fails for every reader.
        UnsupportedError: it is not known here, or an argument is not.
        ValueError: what it builds is too large; and what the method itself raises.
    """
    if isinstance(held, Settings) and name == "update":
        return _update(held, given, named, build)
    if isinstance(held, Settings) and not named:
        return _of_dict(held, name, given, build)
    if isinstance(held, list) and name in _OF_LIST and not named:
        is_at_the_end = name == "append" or (name == "pop" and not given)
        build(1 if is_at_the_end else len(held))
        return _OF_LIST[name](held, *given)
    if isinstance(held, str) and not isinstance(held, Imported):
        return _of_str(held, name, given, named, build)
    raise UnsupportedError(name)


def _of_dict(held: Settings, name: str, given: Sequence[Any], build: Build) -> Any:
    if name in _OF_DICT:
        build(len(held))
        return _OF_DICT[name](held, *given)
    if not given or isinstance(given[0], Unknown):
        raise UnsupportedError(name)
    key, *more = given
    check_key(key)
    if name == "setdefault":
        return _setdefault(held, build, key, *more)
    if name in _OF_KEY:
        return _OF_KEY[name](held, key, *more)
    raise UnsupportedError(name)


def _of_str(
    held: str, name: str, given: Sequence[Any], named: Mapping[str, Any], build: Build
) -> Any:
    values = [*given, *named.values()]
    if name == "format":
        return _formatted(held, given, named, build)
    if name not in _OF_STR or not all(isinstance(value, (str, int)) for value in values):
        raise UnsupportedError(name)
    # Stripping compares each letter with each of the argument.
    sizes = [len(value) for value in values if isinstance(value, str) and "strip" in name]
    build((len(held) + 1) * max([1, *sizes]))
    return getattr(held, name)(*given, **named)


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
    raise ConfigError(f"{written(node)} does not exist")


def _hooked(value: Any) -> Any:
    """A value as mmengine puts it into the dicts of a base: dicts and lists are copied."""
    if isinstance(value, Settings) and value.attributes:
        return value
    if isinstance(value, dict):
        return as_base(value)
    return type(value)(_hooked(inner) for inner in value) if type(value) in (list, tuple) else value


def set_item(held: Settings, key: Any, value: Any, build: Build) -> None:
    """Set an item, as mmengine does in the dicts of a base.

    Raises:
        ValueError: the value is too large to be copied.
    """
    if held.attributes and not (isinstance(value, Settings) and value.attributes):
        build(count_values(value, MAX_LENGTH))
        value = _hooked(value)
    held[key] = value


def _update(held: Settings, given: Sequence[Any], named: Mapping[str, Any], build: Build) -> None:
    if len(given) > 1 or not all(isinstance(value, Settings) for value in given):
        raise UnsupportedError("update")
    for values in (*given, named):
        build(len(values) + 1)
        for key, value in [*values.items()]:
            old = held.get(key)
            if held.attributes and isinstance(old, Settings) and isinstance(value, Settings):
                _update(old, [value], {}, build)
            else:
                set_item(held, key, value, build)
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


def _setdefault(held: Settings, build: Build, key: Any, default: Any = None) -> Any:
    if _get(held, key, held) is held:
        set_item(held, key, default, build)
    return held[key]


def _whole(held: Settings) -> Settings:
    if not held.complete:
        raise UnsupportedError("not all keys are known")
    return held


def _copy(held: Settings) -> Settings:
    return Settings(held, complete=held.complete, attributes=held.attributes)


_OF_KEY: dict[str, Callable[..., Any]] = {"get": _get, "pop": _pop}
_OF_DICT: dict[str, Callable[..., Any]] = {
    "copy": _copy,
    "items": lambda held: list(_whole(held).items()),
    "keys": lambda held: list(_whole(held)),
    "values": lambda held: list(_whole(held).values()),
}


def _extend(held: list[Any], more: Any) -> None:
    if not is_list(more) or len(held) + len(more) > MAX_LENGTH:  # held is counted
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


def _formatted(held: str, given: Sequence[Any], named: Mapping[str, Any], build: Build) -> str:
    """`str.format` of numbers and strings, without format specifications."""
    build(len(held))
    values = [*given, *named.values()]
    if not re.fullmatch(r"([^{}]|\{\w*\})*", held) or not all(map(is_scalar, values)):
        raise UnsupportedError("format")
    build(held.count("{") * max((len(str(value)) for value in values), default=0))
    return held.format(*given, **named)
