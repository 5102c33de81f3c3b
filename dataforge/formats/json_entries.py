"""The entries of JSON files that describe many images, each still encoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.base import Part
from dataforge.formats.repairs import was_repaired
from dataforge.io import MAX_VALUES, decode_repaired, plain

_LEAST = 24
"""Bytes of an object with a key and a value."""


class _Object(msgspec.Struct):
    """Any object."""


decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

Keys: TypeAlias = dict[str, msgspec.Raw]
"""The keys of an object, the values still encoded."""


def list_of(data: bytes, name: str) -> Part[list[msgspec.Raw] | None]:
    """Returns the elements of the list that a file is; None if it is something else.

    Raises:
        ParseError: it is not JSON, or has more elements than fit into memory.
    """
    raw = yield from whole(data, name)
    return elements(raw, name) if bytes(memoryview(raw)[:1]) == b"[" else None


def whole(data: bytes, name: str) -> Part[msgspec.Raw]:
    """Returns the value that a file is; says if it had to be repaired.

    Raises:
        ParseError: it is not JSON, or has more objects than any dataset of its size.
    """
    if (objects := data.count(b"{")) > MAX_VALUES // 5 and len(data) < _LEAST * objects:
        message = f"holds {objects:,} objects of less than {_LEAST} bytes: not read"
        raise ParseError(name, "", message)
    raw, better = decode_repaired(data.strip(), msgspec.Raw, name)
    if better is not None:
        yield was_repaired(name)
    return raw


def elements(raw: msgspec.Raw, name: str) -> list[msgspec.Raw]:
    """The elements of a list.

    Raises:
        ParseError: there may be more of them than fit into memory.
        msgspec.ValidationError: it is not a list.
    """
    if bytes(raw).count(b",") > MAX_VALUES:
        try:
            msgspec.json.decode(raw, type=list[_Object])
        except msgspec.ValidationError as error:
            message = f"holds more than {MAX_VALUES:,} values, and some entries are invalid"
            raise ParseError(name, "", f"{message}: not read") from error
    return decode_list(raw)


def objects_of(raw: msgspec.Raw, name: str) -> Keys | None:
    """The members of an object whose values are objects; None if it is none.

    Raises:
        ParseError: there may be more of them than fit into memory.
    """
    if bytes(raw).count(b",") > MAX_VALUES:
        try:
            msgspec.json.decode(raw, type=dict[str, _Object])
        except msgspec.ValidationError as error:
            message = f"holds more than {MAX_VALUES:,} values, and some entries are invalid"
            raise ParseError(name, "", f"{message}: not read") from error
    return keys_of(raw)


def step_of(key: str) -> str:
    """The step of a pointer to the member of an object.

    >>> step_of("regions"), step_of("a.jpg123")
    ('.regions', '["a.jpg123"]')
    """
    return f".{key}" if re.fullmatch(r"[\w-]+", key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def keys_of(raw: msgspec.Raw | None) -> Keys | None:
    """The keys of an object; None if it is none."""
    try:
        return None if raw is None else decode_object(raw)
    except msgspec.DecodeError:  # also if there is nothing
        return None


def members_of(raw: msgspec.Raw | None) -> list[msgspec.Raw] | None:
    """The elements of a list of one image; None if it is none, or has too many."""
    try:
        many = raw is None or bytes(raw).count(b",") > MAX_VALUES
        return None if raw is None or many else decode_list(raw)
    except msgspec.ValidationError:
        return None


def text_of(raw: msgspec.Raw | None) -> str:
    """A text, or a whole number as text; empty for anything else."""
    if raw is None:
        return ""
    value = plain(raw)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def number_of(raw: msgspec.Raw | None) -> float | None:
    """A number, also one that is written as text; None for anything else."""
    if raw is None:
        return None
    value = plain(raw)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def rest_of(keys: Keys, *known: str) -> dict[str, Any]:
    """The other keys, as plain Python."""
    return {key: plain(value) for key, value in keys.items() if key not in known}


def numbered(entries: list[msgspec.Raw]) -> Iterator[tuple[int, msgspec.Raw, Keys | None]]:
    """(index, entry, its keys) of each entry."""
    for index, raw in enumerate(entries):
        yield index, raw, keys_of(raw)
