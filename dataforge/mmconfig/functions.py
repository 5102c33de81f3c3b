"""The functions and operators of a config; what they build is counted first."""

from __future__ import annotations

import ast
import operator
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataforge.mmconfig.budget import MAX_LENGTH, Build
from dataforge.mmconfig.values import UNKNOWN, Imported, is_complete

_MAX_NUMBER = 10**18
_MAX_DIGITS = 400
_MOST_COPIES = 1000
_MOST_POWER = 8

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}

_OF_SCALARS: dict[str, Callable[..., Any]] = {
    "float": float, "int": int, "max": max, "min": min, "range": range, "round": round, "str": str,
    "os.path.join": os.path.join, "os.path.dirname": os.path.dirname,
}  # fmt: skip
_OF_MANY: dict[str, Callable[..., Any]] = {
    "bool": bool, "enumerate": lambda of, start=0: list(enumerate(of, start)), "len": len,
    "list": list, "reversed": lambda of: list(reversed(of)), "tuple": tuple,
    "zip": lambda *of: list(zip(*of, strict=False)),
}  # fmt: skip
FUNCTIONS = frozenset({*_OF_SCALARS, *_OF_MANY})
"""Full dotted names of the functions that `call_function` knows."""


def call_function(name: str, given: Sequence[Any], named: Mapping[str, Any], build: Build) -> Any:
    """The result of one of `FUNCTIONS`, or `UNKNOWN`.

    Raises:
        ValueError: the result is too large; and what the function itself raises.
    """
    if name in _OF_SCALARS:
        return _of_scalars(name, given, named, build)
    if not all(map(_is_whole, given)):
        return UNKNOWN
    if name not in ("bool", "len"):
        build(sum(map(len, given)))
    return _OF_MANY[name](*given, **named)


def _of_scalars(name: str, given: Sequence[Any], named: Mapping[str, Any], build: Build) -> Any:
    values = [*given, *named.values()]
    if not all(map(is_scalar, values)):
        return UNKNOWN
    texts = [len(value) for value in values if isinstance(value, str)]
    build(sum(texts) + len(values))
    digits: Sequence[Any] = texts if name in ("float", "int") else ()
    if name == "round":
        digits = [*given[1:], *named.values()]
    if any(abs(number) > _MAX_DIGITS for number in digits):
        return UNKNOWN
    result = _OF_SCALARS[name](*given, **named)
    too_long = isinstance(result, range) and len(result) > MAX_LENGTH
    return UNKNOWN if too_long or is_huge(result) else result


def is_scalar(value: object) -> bool:
    """Whether a value is a number or a string."""
    return isinstance(value, (str, int, float)) and not isinstance(value, Imported)


def is_huge(value: object) -> bool:
    """Whether a value is an integer with too many digits to calculate with."""
    return isinstance(value, int) and value.bit_length() > _MAX_DIGITS


def _is_whole(value: object) -> bool:
    """Whether nothing is missing in a list or dict, though an item may be unknown."""
    return is_complete(value) or (
        isinstance(value, (str, list, tuple, range, set)) and not (isinstance(value, Imported))
    )


def combined(left: Any, op: ast.operator, right: Any, build: Build) -> Any:
    """The result of an operator, or `UNKNOWN`.

    Raises:
        ValueError: the result is too large; and what the operator itself raises.
    """
    if isinstance(left, Imported) or isinstance(right, Imported):
        return UNKNOWN
    if _are_numbers(left, right):
        if isinstance(op, ast.Pow) and abs(right) > _MOST_POWER:
            return UNKNOWN
        return _bounded(_OPERATORS[type(op)](left, right))
    if isinstance(op, ast.Mult) and isinstance(left, list) and _are_numbers(right):
        size = len(left) * right
        if size > _MOST_COPIES:
            return UNKNOWN
    elif isinstance(op, ast.Add):
        size = len(left) + len(right)
    else:
        return UNKNOWN
    build(max(size, 0))
    return _OPERATORS[type(op)](left, right)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _bounded(number: Any) -> Any:
    """A number that is not too large, else `UNKNOWN`."""
    return number if _are_numbers(number) and abs(number) < _MAX_NUMBER else UNKNOWN
