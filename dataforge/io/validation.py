"""msgspec's validation errors in terms that users of the file know: text, not `str`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from dataforge.errors import UsageError

_S = TypeVar("_S", bound=msgspec.Struct)
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true/false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "date": "a date",
    "time": "a time",
    "datetime": "a date and time",
}
"""msgspec's name for a type -> ours."""

_NAMES: dict[type, str] = {list: "array", tuple: "array", dict: "object", type(None): "null"}
"""Type -> msgspec's name for it, where that differs from Python's."""

_STEP = re.compile(r"\.[^.\[]+|\[\d+\]|\[\.\.\.\]")
_LONGEST = 40
"""Maximum number of characters that a message quotes."""


def convert_options(struct: type[_S], given: Mapping[str, Any], where: str) -> _S:
    """Build an option struct from the given values.

    Args:
        struct: the option struct.
        given: its field values.
        where: context for the error about an unknown option, such as ``where labelme is read``.

    Raises:
        UsageError: there is no such option, or its value is invalid.
    """
    known = {field.name: _choices(field.type) for field in msgspec.structs.fields(struct)}
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name not in known:
            raise UsageError(f"{option} has no effect {where}")
        if known[name] and value not in known[name]:
            raise UsageError(f"{option} {value}: must be one of {', '.join(map(str, known[name]))}")
    try:
        return msgspec.convert(given, struct)
    except msgspec.ValidationError as error:
        message, place = split_pointer(error, given)
        option = place.removeprefix("$.").replace("_", "-")
        raise UsageError(f"--{option}: {message}") from error


def _choices(hint: Any) -> tuple[str, ...]:
    """The values of a Literal type, possibly Annotated; empty for any other type."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_args(hint) if get_origin(hint) is Literal else ()


def explain_validation(error: msgspec.ValidationError, content: Any = msgspec.UNSET) -> str:
    """The location and description of an invalid value in a table of settings.

    Args:
        error: raised by `msgspec.convert`.
        content: the converted content, for quoting the value.

    >>> seeds = {"seeds": [1, "x"]}
    >>> try:
    ...     msgspec.convert(seeds, dict[str, list[int]])
    ... except msgspec.ValidationError as error:
    ...     explain_validation(error, seeds)
    'seeds[1]: expected a whole number, got text "x"'
    """
    message, pointer = split_pointer(error, content)
    place = pointer.removeprefix("$").removeprefix(".")
    return f"{place}: {message}" if place else message


def split_pointer(error: msgspec.ValidationError, content: Any = msgspec.UNSET) -> tuple[str, str]:
    """(error message, JSON path of the value).

    Args:
        error: raised by decoding JSON, or by `msgspec.convert`.
        content: the decoded or converted content, as plain Python. Without it the message names
            only the type of an invalid value, and the path has ``[...]`` for a dict key.

    >>> try:
    ...     msgspec.json.decode(b'{"a": "x"}', type=dict[str, int])
    ... except msgspec.ValidationError as error:
    ...     split_pointer(error, {"a": "x"})
    ...     split_pointer(error)
    ('expected a whole number, got text "x"', '$.a')
    ('expected a whole number, got text', '$[...]')
    """
    message, _, place = str(error).partition(" - at ")
    of_key, _, pointer = place.rpartition(" in ")
    pointer = pointer.strip("`") or "$"
    if of_key:
        return f"invalid key: {_explained(message)}", pointer
    got = re.search(r", got `(\w+)`$", message)
    found = _find(content, _STEP.findall(pointer), got[1] if got else "")
    if found is None:
        return _explained(message), pointer
    return _explained(message, found[1]), f"${found[0]}"


def _find(value: Any, steps: Sequence[str], type_: str) -> tuple[str, Any] | None:
    """(JSON path, value) of the first value of a type that the steps lead to.

    Args:
        value: where the steps start.
        steps: parts of msgspec's path.
        type_: msgspec's name for the type; empty for any, in which case no step may be ``[...]``.
    """
    if not steps:
        return ("", value) if type_ in ("", _name_of(value)) else None
    step, *rest = steps
    for key, item in _items(value, step, type_):
        if found := _find(item, rest, type_):
            return _as_step(key) + found[0], found[1]
    return None


def _items(value: Any, step: str, type_: str) -> Iterable[tuple[str | int, Any]]:
    """(key, item) pairs that a step of msgspec's path may refer to in a value."""
    if isinstance(value, dict):
        if step == "[...]":
            return value.items() if type_ else ()
        return [(step[1:], value[step[1:]])] if step[1:] in value else ()
    if isinstance(value, (list, tuple)) and step[1:-1].isdecimal():
        return [(at, value[at])] if (at := int(step[1:-1])) < len(value) else ()
    return ()


def _as_step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if re.fullmatch(r"[\w-]+", key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def _name_of(value: Any) -> str:
    return _NAMES.get(type(value), type(value).__name__)


def _explained(message: str, value: Any = msgspec.UNSET) -> str:
    """msgspec's message in our words, with the value it refers to if known."""
    if found := re.fullmatch(r"Expected `(.+?)`, got `(\w+)`", message):
        got = _TYPES.get(found[2], found[2]) if value is msgspec.UNSET else _quoted(value)
        return f"expected {_any_of(found[1])}, got {got}"
    if found := re.fullmatch(r"Expected `(.+?)`( .*?)?(?:, got \d+)?", message):
        return f"expected {_any_of(found[1])}{found[2] or ''}{_but(value)}"
    if found := re.fullmatch(r"Object missing required field `(.*)`", message):
        return f'key "{found[1]}" is missing'
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        return f'unknown key "{found[1]}"'
    return message[:1].lower() + message[1:].replace("enum value", "value")


def _any_of(types: str) -> str:
    """Type names, joined as in msgspec's messages, in our words."""
    names = types.split(" | ")
    if "float" in names and "int" in names:
        names.remove("int")
    names.sort(key="null".__eq__)  # null comes last
    *rest, last = [_TYPES.get(name, name) for name in names]
    return f"{', '.join(rest)} or {last}" if rest else last


def _but(value: Any) -> str:
    """The actual value, for a message about an expected length or size."""
    if isinstance(value, (list, tuple)):
        return f", got {len(value)}"
    return "" if value is msgspec.UNSET else f", got {_quoted(value)}"


def _quoted(value: Any) -> str:
    """A value as shown in a message."""
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "..."
        return f"text {json.dumps(short, ensure_ascii=False)}"
    if isinstance(value, (int, float)):  # also true and false
        return json.dumps(value)
    return _TYPES.get(_name_of(value), _name_of(value))
