"""JSON decoding, with the location of each error; reports as JSON."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from dataforge.errors import ParseError
from dataforge.io.limits import MAX_NESTING
from dataforge.io.validation import split_pointer

T = TypeVar("T")

_MOST_QUOTED = 16 * 2**20
"""Largest JSON, in bytes, that is decoded again so that an error can quote the value."""


def decode_json(data: bytes, type_: type[T], name: str) -> T:
    """Decode UTF-8 JSON into a type.

    Raises:
        ParseError: with the JSON path, or the line and column.
    """
    if is_deep(data):
        raise ParseError(name, "", f"is nested more than {MAX_NESTING} levels deep")
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        message, where = split_pointer(error, _content(data))
        raise ParseError(name, where, message) from error
    except UnicodeDecodeError as error:
        raise ParseError(
            name, "", f"is not UTF-8 text: {error.reason}; save it as UTF-8"
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParseError(name, *_locate(data, error)) from error


def decode_repaired(data: bytes, type_: type[T], name: str) -> tuple[T, bytes | None]:
    """(UTF-8 JSON decoded into a type, the `repaired` JSON if that was necessary).

    Raises:
        ParseError: as `decode_json`.
    """
    try:
        return decode_json(data, type_, name), None
    except ParseError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            raise  # what is repaired is malformed: it is not the reason
        better = repaired(data)
        if better is None:
            raise
        return decode_json(better, type_, name), better


def repaired(data: bytes) -> bytes | None:
    """JSON with null for NaN and Infinity, and U+FFFD for half a surrogate pair.

    None if it has none of them, or is still invalid. Python's json module writes both.
    """
    if not re.search(rb"\b(NaN|Infinity)\b|\\u[dD][89a-fA-F]", data):
        return None
    try:
        content = json.loads(data, parse_constant=lambda _: None, parse_float=_finite)
        text = json.dumps(content, ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    except (ValueError, RecursionError, OverflowError):
        return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def plain(raw: msgspec.Raw) -> Any:
    """Any JSON value; integers beyond 64 bits become floats, as in most JSON parsers."""
    try:
        return in_64_bits(msgspec.json.decode(raw))
    except msgspec.ValidationError:  # also for a number too large for a float
        return in_64_bits(json.loads(bytes(raw), parse_int=float))


def in_64_bits(value: Any) -> Any:
    """The same value, with integers beyond 64 bits converted to floats, and tuples to lists."""
    if isinstance(value, dict):
        return {key: in_64_bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_64_bits(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(str(value))  # gives inf where float(value) raises OverflowError
    return value


def _content(data: bytes) -> Any:
    """The content as plain Python; UNSET if it is too large or truncated."""
    if len(data) <= _MOST_QUOTED:
        with suppress(ValueError, RecursionError, OverflowError, msgspec.DecodeError):
            return plain(msgspec.Raw(data))
    return msgspec.UNSET


def is_deep(data: bytes) -> bool:
    """Whether lists and objects are nested more than `MAX_NESTING` levels deep."""
    if data.count(b"[") + data.count(b"{") <= MAX_NESTING or not _looks_deep(data):
        return False
    return _looks_deep(_JSON_TEXT.sub(b"", data))  # brackets may be inside strings


# An unterminated string matches to the end of the data, which avoids backtracking.
_JSON_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def _looks_deep(data: bytes) -> bool:
    brackets = data.translate(_ONE_KIND, _NO_BRACKETS)
    if len(brackets) > _MANY_BRACKETS:  # taken out a hundred times, they cost seconds
        import numpy as np

        steps = np.where(np.frombuffer(brackets, np.uint8) == ord("["), 1, -1).astype(np.int8)
        depths = np.cumsum(steps, dtype=np.int32)
        return int((depths - np.minimum.accumulate(depths)).max()) >= MAX_NESTING
    for _ in range(MAX_NESTING):
        shorter = brackets.replace(b"[]", b"")  # the innermost ones
        if len(shorter) == len(brackets):  # the rest is truncated, or inside strings
            return brackets.count(b"[") > MAX_NESTING
        brackets = shorter
    return b"[]" in brackets


_MANY_BRACKETS = 2**20
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _locate(data: bytes, error: Exception) -> tuple[str, str]:
    """(line and column, error message) for data that is not valid JSON."""
    if not data.strip():
        return "", "is empty"
    at = re.search(r"\(byte (\d+)\)", str(error))
    offset = int(at[1]) if at else len(data)
    before = data[:offset]
    place = f"line {before.count(10) + 1}, column {offset - (before.rfind(10) + 1) + 1}"
    if len(data) < 300 and re.fullmatch(rb"[^\s{}\[\]\"]+", data):
        return (
            place,
            "is a path, not JSON: a git symlink checked out as text; copy the real file here",
        )
    if "truncated" in str(error):
        return place, "JSON ends unexpectedly here: the file is truncated"
    return place, "malformed JSON" if at is None else str(error).replace(at[0], "").strip()


# Reports ------------------------------------------------------------------------------------------


def report_json(report: Any, *, ascii_only: bool = True) -> str:
    r"""A struct, or any value of builtin types and paths, as indented JSON.

    Text that is not UTF-8, such as an old file name, has its bytes escaped: ``caf\\udce9``.
    Unprintable characters are always written as ``\u202e``.
    """
    try:
        data = msgspec.json.encode(report, enc_hook=str)
    except UnicodeEncodeError:
        data = msgspec.json.encode(escaped(msgspec.to_builtins(report, enc_hook=str)))
    text = msgspec.json.format(data, indent=2).decode()

    def escape(found: re.Match[str]) -> str:
        if not ascii_only and found[0] != "#" and found[0].isprintable():
            return found[0]
        digits = found[0].encode("utf-16-be").hex()
        return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))

    # All of it is inside strings. Azure Pipelines would obey ##vso[ anywhere in its log.
    return re.sub(r"[^\n -~]|(?<=#)#(?=\w*\[)", escape, text)


def escaped(value: Any) -> Any:
    """The value with escapes for the bytes of text that is not UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {escaped(key): escaped(item) for key, item in value.items()}
    return [*map(escaped, value)] if isinstance(value, (list, tuple)) else value
