"""What is said of an object of LabelMe.

``<attributes>`` is what somebody typed; CVAT and Datumaro write ``name=value`` there, separated by
commas, with a backslash before each comma, equals sign, quotation mark and backslash of a name or a
text, and quotation marks around a text that looks like a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dataforge.formats.labelmexml.file import text_of
from dataforge.io import in_64_bits

if TYPE_CHECKING:
    from lxml import etree

_PART = re.compile(r"(?:[^,\\]|\\.|\\\Z)+", re.DOTALL)
_NAME = re.compile(r"((?:[^=\\]|\\.)*)=(.*)", re.DOTALL)
_WHOLE, _FRACTION = re.compile(r"-?\d{1,18}"), re.compile(r"-?\d{1,18}\.\d{1,18}")


def attributes_of(element: etree._Element) -> dict[str, Any]:
    """The attributes of an <object>, with what other tags of it say."""
    found: dict[str, Any] = dict(_typed(text_of(element, "attributes")))
    if text_of(element, "occluded").lower() in ("yes", "1", "true"):
        found["occluded"] = True
    if text_of(element, "verified").lower() in ("1", "true", "yes"):
        found["verified"] = True
    drawn = next(element.iterchildren("polygon", "segm"), None)
    if drawn is not None and (username := text_of(drawn, "username")):
        found["username"] = username
    if date := text_of(element, "date"):
        found["date"] = date
    found |= _parts(element)
    known: dict[str, Any] = in_64_bits(found)
    return known


def _typed(text: str) -> Iterator[tuple[str, Any]]:
    """(name, value) of each attribute; what has no value is true."""
    for part in _PART.findall(text):
        if not (part := part.strip()):
            continue
        found = _NAME.fullmatch(part)
        name, value = (found[1], found[2]) if found else (part, "true")
        if name := _plain(name.strip()):
            yield name, _value(value.strip())


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _plain(text[1:-1])
    if _WHOLE.fullmatch(text) and str(int(text)) == text:
        return int(text)
    if _FRACTION.fullmatch(text) and str(float(text)) == text:
        return float(text)
    return _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _parts(element: etree._Element) -> dict[str, Any]:
    """The ids of the parts of an object, and of what it is part of, with its own."""
    parts = element.find("parts")
    if parts is None:
        return {}
    ids = {
        "has_parts": _ids(text_of(parts, "hasparts")),
        "part_of": _ids(text_of(parts, "ispartof")),
    }
    found: dict[str, Any] = {key: value for key, value in ids.items() if value}
    own = _ids(text_of(element, "id"))
    return {"id": own[0], **found} if found and own else found


def _ids(text: str) -> list[int]:
    words = (word.strip() for word in text.split(","))
    return [int(word) for word in words if re.fullmatch(r"[0-9]{1,18}", word)]
